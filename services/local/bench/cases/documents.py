"""The documents that are measured, as the clients of the product write them."""

BOARD = """query Board($id: ID!, $first: Int!) {
  board(funnelId: $id) {
    seq cursor
    funnel { id name }
    columns {
      stage { id name color kind }
      dealCount
      value { amount currency }
      deals(first: $first) {
        nodes {
          id number title
          contact { name phone email }
          assignee { id name }
          amount { amount currency }
          expectedCloseOn source status openTaskCount idleFrom enteredStageAt createdAt version
        }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""

DEAL = """query Deal($id: ID!) {
  deal(id: $id) {
    id number title
    contact { name phone email }
    amount { amount currency }
    status version createdAt
    stage { id name } funnel { id name } assignee { id name }
    history(first: 10) { nodes { seq at kind fromStageName toStageName actor { kind user { name } } } }
  }
}"""

FUNNELS = """query Funnels {
  funnels(first: 20) { nodes { id name updatedAt dealCount openValue { amount currency } } }
}"""

MOVE = """mutation Move($id: ID!, $stage: ID!) {
  moveDeal(input: { id: $id, toStageId: $stage }) {
    __typename
    ... on MoveDealPayload { seq cursor deal { id version updatedAt stage { id name } } }
    ... on Error { message }
  }
}"""

FOLLOW = """subscription Follow($id: ID!) {
  boardChanged(funnelId: $id) {
    __typename
    ... on BoardReady { seq cursor }
    ... on BoardResync { reason cursor }
    ... on BoardEvent { seq cursor at actor { kind user { id name } } }
    ... on DealMoved {
      deal {
        id number title
        contact { name phone email }
        assignee { id name }
        amount { amount currency }
        expectedCloseOn source status openTaskCount idleFrom enteredStageAt createdAt version
      }
      fromStage { id name } toStage { id name }
      placedAfter
      columns { stageId dealCount value { amount currency } }
    }
  }
}"""

CREATE_SOURCE = """mutation CreateSource($funnel: ID!, $name: String!) {
  createSource(input: { name: $name, kind: FORM, funnelId: $funnel, attachToOpenDeal: false }) {
    ... on CreateSourcePayload { address }
    ... on Error { message }
  }
}"""
