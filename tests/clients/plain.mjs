// The clients that graphql-ws and graphql-sse bring: everything over a WebSocket, or everything as events over HTTP.
import { createClient as createEventsClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import WebSocket from "ws";
import { cursor, soon } from "./pace.mjs";

export function graphqlWs({ url, token }) {
  const client = createSocketClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: token() }),
    retryAttempts: Infinity,
    retryWait: soon,
    shouldRetry: () => true,
  });
  return plain(client);
}

export function graphqlSse({ url, token, fetch }) {
  const client = createEventsClient({
    url,
    fetchFn: fetch,
    headers: () => ({ authorization: token() }),
    retryAttempts: Infinity,
    retry: soon,
  });
  return plain(client);
}

function plain(client) {
  const once = (query, variables) =>
    new Promise((resolve, reject) => {
      let found;
      client.subscribe({ query, variables }, {
        next: ({ data, errors }) => (errors ? reject(new Error(JSON.stringify(errors))) : (found = data)),
        error: reject,
        complete: () => resolve(found),
      });
    });
  return {
    ask: once,
    act: once,
    // Both send the same payload again when they have reconnected, so the place to go on from is kept in it.
    follow(query, variables, told, failed) {
      const payload = { query, variables: { ...variables } };
      return client.subscribe(payload, {
        next({ data, errors }) {
          if (errors) return failed(new Error(JSON.stringify(errors)));
          payload.variables.after = cursor(data) ?? payload.variables.after;
          told(data);
        },
        error: failed,
        complete: () => {},
      });
    },
    close: () => void client.dispose(),
  };
}
