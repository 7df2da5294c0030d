// The tabs that a newcomer finds: each runs at one click, with the ids of what the account holds.

export interface Tab {
  query: string;
  variables: string;
}

interface Stage {
  id: string;
  kind: "ENTRY" | "PROGRESS" | "WON" | "LOST";
}

interface Deal {
  id: string;
}

export interface Facts {
  viewer: { user: { name: string }; account: { name: string; currency: string } } | null;
  funnels: { nodes: { id: string; stages: Stage[] }[] };
}

export interface Standing {
  board: { columns: { deals: { nodes: Deal[] } }[] } | null;
}

export const FACTS = `query Facts {
  viewer { user { name } account { name currency } }
  funnels(first: 1) { nodes { id stages { id kind } } }
}`;

export const STANDING = `query Standing($funnel: ID!, $stages: [ID!]) {
  board(funnelId: $funnel) { columns(stageIds: $stages) { deals(first: 1) { nodes { id } } } }
}`;

const WHO_AM_I = `# Who am I, and what may I do?
query WhoAmI {
  viewer {
    user { id name email }
    account { id name now timeZone currency usableModules }
    permissions
  }
}
`;

const FUNNELS = `# Funnels, with what stands in them.
query Funnels {
  funnels {
    totalCount
    nodes {
      id name dealCount
      openValue { amount currency }
      stages { id kind name color probability dealCount value { amount currency } }
      viewers { name }
    }
  }
}
`;

const BOARD = `# A board: its columns in order, the first deals of each, and the cursor to follow it from.
query Board($funnel: ID!) {
  board(funnelId: $funnel) {
    cursor
    seq
    columns {
      stage { name kind }
      dealCount
      value { amount currency }
      deals(first: 5) {
        nodes { id number title contact { name phone } assignee { name } amount { amount currency } version }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
`;

const FOLLOW = `# A live board: run this, then make and move deals in the other tabs, in another window.
subscription Follow($funnel: ID!) {
  boardChanged(funnelId: $funnel) {
    __typename
    ... on BoardReady { cursor seq }
    ... on BoardResync { cursor seq reason }
    ... on BoardEvent { seq at actor { kind user { name } sourceName } }
    ... on DealCreated { deal { number title stage { name } } }
    ... on DealMoved { deal { number title status } fromStage { name } toStage { name } placedAfter }
    ... on DealUpdated { deal { number title amount { amount currency } } changed }
  }
}
`;

const CREATE_DEAL = `# A new deal: it lands on top of the entry stage.
mutation CreateDeal($input: CreateDealInput!) {
  createDeal(input: $input) {
    __typename
    ... on CreateDealPayload { seq deal { id number title stage { name } assignee { name } } }
    ... on InvalidInput { fields { path message } }
    ... on Error { code message }
  }
}
`;

const MOVE_DEAL = `# Move a deal to the next stage. With \`expectedVersion\`, a board that is out of date is told so.
mutation MoveDeal($input: MoveDealInput!) {
  moveDeal(input: $input) {
    __typename
    ... on MoveDealPayload { seq missing deal { id number title status version stage { name } } }
    ... on StaleDeal { deal { id version stage { name } } }
    ... on Error { code message }
  }
}
`;

/** Without an account to look at, the ids are left to be filled in. */
export function tabs(facts: Facts | null, standing: Standing | null): Tab[] {
  const funnel = facts?.funnels.nodes[0];
  const next = funnel?.stages.find((stage) => stage.kind === "PROGRESS");
  const deal = standing?.board?.columns[0]?.deals.nodes[0];
  const onFunnel = { funnel: funnel?.id ?? "" };
  const created = {
    input: {
      funnelId: onFunnel.funnel,
      title: "Двокімнатна на Подолі",
      contact: { name: "Марія Шевченко", phone: "+380671234567" },
      amount: { amount: "85000.00", currency: facts?.viewer?.account.currency ?? "UAH" },
    },
  };
  const moved = { input: { id: deal?.id ?? "", toStageId: next?.id ?? "", place: { top: true } } };
  return [
    tab(WHO_AM_I, {}),
    tab(FUNNELS, {}),
    tab(BOARD, onFunnel),
    tab(FOLLOW, onFunnel),
    tab(CREATE_DEAL, created),
    tab(MOVE_DEAL, moved),
  ];
}

function tab(query: string, variables: object): Tab {
  return { query, variables: JSON.stringify(variables, null, 2) };
}
