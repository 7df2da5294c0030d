// Apollo Client 4: queries and mutations over HTTP; subscriptions over HTTP in parts, or over a WebSocket.
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { RetryLink } from "@apollo/client/link/retry";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import { tap } from "rxjs";
import WebSocket from "ws";
import { possibleTypes } from "./contract.mjs";
import { cursor, soon } from "./pace.mjs";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

// RetryLink sends the same operation again: it goes on from where it was.
const keepPlace = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap(({ data }) => {
      const after = cursor(data);
      if (after) operation.variables.after = after;
    }),
  ),
);

function overSocket(url, token) {
  return createClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: token() }),
    retryAttempts: Infinity,
    retryWait: soon,
    shouldRetry: () => true,
  });
}

export function apollo({ url, token, fetch, socket, persisted }) {
  const signed = new SetContextLink(({ headers }) => ({ headers: { ...headers, authorization: token() } }));
  const http = signed.concat(new HttpLink({ uri: url, fetch }));
  const client = socket ? overSocket(url, token) : null;
  const isSubscription = ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION;
  const links = [
    ...(persisted ? [new PersistedQueryLink({ sha256, useGETForHashedQueries: true })] : []),
    new RetryLink({ delay: { initial: 50, max: 500 }, attempts: { max: Infinity } }),
    keepPlace,
    client ? ApolloLink.split(isSubscription, new GraphQLWsLink(client), http) : http,
  ];
  const apolloClient = new ApolloClient({ cache: new InMemoryCache({ possibleTypes }), link: ApolloLink.from(links) });

  return {
    async ask(query, variables) {
      return (await apolloClient.query({ query: gql(query), variables, fetchPolicy: "network-only" })).data;
    },
    async act(mutation, variables) {
      return (await apolloClient.mutate({ mutation: gql(mutation), variables })).data;
    },
    look(query, variables, told) {
      const looking = apolloClient.watchQuery({ query: gql(query), variables }).subscribe(({ data, loading }) => {
        if (!loading) told(data);
      });
      return () => looking.unsubscribe();
    },
    follow(query, variables, told, failed) {
      const following = apolloClient.subscribe({ query: gql(query), variables }).subscribe({
        next: ({ data, error }) => (error ? failed(error) : told(data)),
        error: failed,
      });
      return () => following.unsubscribe();
    },
    close() {
      apolloClient.stop();
      void client?.dispose();
    },
  };
}
