// Watches a board with the client of graphql-ws, and says each event that is new to it as a line of JSON.
// Given as JSON in the first argument: url, authorization, query, funnelId, after, last (the seq to end after).
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const { url, authorization, query, funnelId, after, last } = JSON.parse(process.argv[2]);
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: () => ({ authorization }),
  retryAttempts: Infinity,
  retryWait: (retries) => new Promise((resolve) => setTimeout(resolve, Math.min(50 * 2 ** retries, 1000))),
  shouldRetry: () => true,
  on: {
    connected: (_socket, _payload, again) => say({ connected: again ? "again" : "first" }),
    closed: (event) => say({ closed: event.code ?? null }),
  },
});

// graphql-ws sends the same payload again when it has reconnected, so the place to go on from is kept in it.
const payload = { query, variables: { funnelId, after } };
const stop = client.subscribe(payload, {
  next({ data, errors }) {
    if (errors) throw new Error(JSON.stringify(errors));
    const told = data.boardChanged;
    payload.variables.after = told.cursor;
    say(told);
    if (told.seq >= last && told.__typename !== "BoardReady") stop();
  },
  error(error) {
    say({ error: String(error?.message ?? error?.reason ?? JSON.stringify(error)) });
    process.exitCode = 1;
  },
  complete() {
    void client.dispose();
  },
});
