// GraphiQL on the address that it is served from, with a token and with queries that are ready to run.

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createClient } from "graphql-ws";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";
import "./bar.css";
import { FACTS, STANDING, tabs, type Facts, type Standing } from "./tabs";
import { keepToken, takeToken } from "./token";

const endpoint = location.origin + location.pathname;
const token = takeToken();
const headers: Record<string, string> = token === "" ? {} : { authorization: `Bearer ${token}` };

addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) {
    takeToken();
    location.reload();
  }
});

async function ask<Answer>(query: string, variables: object = {}): Promise<Answer> {
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  if (!answer.headers.get("content-type")?.includes("json")) throw new Error(`The API answers ${answer.status}.`);
  const { data, errors } = await answer.json();
  if (errors) throw new Error(errors[0].message);
  return data;
}

/** What the tabs are filled with; and who that is, for the bar. */
async function look(): Promise<{ facts: Facts | null; standing: Standing | null; who: string }> {
  if (token === "") return { facts: null, standing: null, who: "no token: ./dev up prints one" };
  try {
    const facts = await ask<Facts>(FACTS);
    if (facts.viewer === null) return { facts: null, standing: null, who: "a service token" };
    const who = `${facts.viewer.user.name}, ${facts.viewer.account.name}`;
    const funnel = facts.funnels.nodes[0];
    if (funnel === undefined) return { facts, standing: null, who };
    const entry = funnel.stages.filter((stage) => stage.kind === "ENTRY").map((stage) => stage.id);
    return { facts, standing: await ask<Standing>(STANDING, { funnel: funnel.id, stages: entry }), who };
  } catch (failure) {
    return { facts: null, standing: null, who: failure instanceof Error ? failure.message : String(failure) };
  }
}

function use(form: FormData): void {
  keepToken(String(form.get("token")));
  location.reload();
}

const { facts, standing, who } = await look();
const fetcher = createGraphiQLFetcher({
  url: endpoint,
  headers,
  wsClient: createClient({
    url: endpoint.replace(/^http/, "ws"),
    connectionParams: token === "" ? {} : { authorization: headers["authorization"] },
  }),
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root.");
createRoot(root).render(
  <StrictMode>
    <form className="bar" action={use}>
      <span>{who}</span>
      <input name="token" type="password" placeholder="Token" aria-label="Token" autoComplete="off" required />
      <button type="submit">Use</button>
    </form>
    <GraphiQL fetcher={fetcher} storage={sessionStorage} defaultTabs={tabs(facts, standing)} defaultQuery="">
      <GraphiQL.Logo>Voronka</GraphiQL.Logo>
    </GraphiQL>
  </StrictMode>,
);
