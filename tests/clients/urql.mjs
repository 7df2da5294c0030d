// urql 6 with its normalised cache: queries and mutations over HTTP, subscriptions as server-sent events.
import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { pipe, subscribe } from "wonka";
import { introspection } from "./contract.mjs";
import { cursor, soon } from "./pace.mjs";

const embedded = () => null; // has no id: is kept with what holds it
const keys = { Board: embedded, BoardColumn: embedded, DealConnection: embedded };

export function urql({ url, token, fetch }) {
  const client = new Client({
    url,
    fetch,
    exchanges: [cacheExchange({ schema: introspection, keys }), fetchExchange],
    fetchOptions: () => ({ headers: { authorization: token() } }),
    fetchSubscriptions: true,
  });
  const data = ({ data, error }) => {
    if (error) throw error;
    return data;
  };

  return {
    async ask(query, variables) {
      return data(await client.query(query, variables, { requestPolicy: "network-only" }).toPromise());
    },
    async act(mutation, variables) {
      return data(await client.mutation(mutation, variables).toPromise());
    },
    look(query, variables, told) {
      return pipe(
        client.query(query, variables),
        subscribe((result) => told(data(result))),
      ).unsubscribe;
    },
    follow(query, variables, told, failed) {
      let [stopped, retries, stop] = [false, 0, () => {}];
      const kept = { ...variables };
      function begin() {
        if (stopped) return;
        const following = pipe(
          client.subscription(query, { ...kept }),
          subscribe(({ data, error }) => {
            if (error?.networkError) return void soon(retries++).then(begin);
            if (error) return failed(error);
            retries = 0;
            kept.after = cursor(data) ?? kept.after;
            told(data);
          }),
        );
        stop = following.unsubscribe;
      }
      begin();
      return () => {
        stopped = true;
        stop();
      };
    },
    close() {},
  };
}
