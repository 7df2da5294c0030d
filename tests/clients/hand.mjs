// Holds clients of all kinds, and does with them what it is told: a line of JSON a word, in and out.
//
// {do: "open", client, kind, url, …}     {do: "close", client, id} → {id, data: null}
// {do: "ask" | "act", client, id, query, variables}        → {id, data} or {id, error}
// {do: "look" | "follow", client, id, query, variables}    → {id, data} again and again
// {do: "requests", client, id}           → {id, data: what it has sent over HTTP}
import { createInterface } from "node:readline";
import { apollo } from "./apollo.mjs";
import { graphqlSse, graphqlWs } from "./plain.mjs";
import { tokens } from "./tokens.mjs";
import { urql } from "./urql.mjs";

const KINDS = { apollo, urql, "graphql-ws": graphqlWs, "graphql-sse": graphqlSse };
const clients = new Map();
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);

function counted(requests) {
  return async (url, options) => {
    const { search, searchParams } = new URL(url);
    const query = searchParams.has("query") || JSON.parse(options.body ?? "{}").query !== undefined;
    const request = { method: options.method ?? "GET", query, search: search !== "" };
    requests.push(request);
    const response = await fetch(url, options);
    request.status = response.status;
    request.type = response.headers.get("content-type");
    return response;
  };
}

async function obey({ do: what, client: name, id, kind, query, variables, ...options }) {
  const held = clients.get(name);
  switch (what) {
    case "open": {
      const requests = [];
      const made = KINDS[kind]({ ...options, token: tokens(options), fetch: counted(requests) });
      clients.set(name, { ...made, requests, stops: new Map() });
      return;
    }
    case "ask":
    case "act":
      say({ id, data: await held[what](query, variables) });
      return;
    case "look":
    case "follow": {
      const failed = (error) => say({ id, error: String(error) });
      held.stops.set(id, held[what](query, variables, (data) => say({ id, data }), failed));
      return;
    }
    case "requests":
      say({ id, data: held.requests });
      return;
    case "close":
      for (const stop of held.stops.values()) stop();
      held.close();
      clients.delete(name);
      say({ id, data: null });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const word = JSON.parse(line);
  obey(word).catch((error) => say({ id: word.id ?? null, error: String(error?.stack ?? JSON.stringify(error)) }));
}
process.exit(0);
