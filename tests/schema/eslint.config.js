// What holds for the SDL beyond being valid: graphql-eslint's recommended rules for schemas, Relay's, and some more.
// Where a rule is loosened, that is our choice, and the reason stands beside it. `./dev check` runs it.

import graphql from "@graphql-eslint/eslint-plugin";

const SDL = "services/graphql/schema.graphql";

export default [
  {
    files: [SDL],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: SDL } },
    },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...graphql.configs["flat/schema-recommended"].rules,
      ...graphql.configs["flat/schema-relay"].rules,

      // Whatever a client can meet says what it means; a Python test sees to it that it says more than its name.
      "@graphql-eslint/require-description": [
        "error",
        { types: true, rootField: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true },
      ],

      // Every mutation takes `input: <Mutation>Input!` and answers with an object, which may be a refusal.
      "@graphql-eslint/input-name": ["error", { checkInputType: true, caseSensitiveInputType: false }],
      "@graphql-eslint/no-scalar-result-type-on-mutation": "error",
      "@graphql-eslint/require-nullable-fields-with-oneof": "error",

      // Forward only: a live list grows at its top, which its events tell. Going back would cost every list a second
      // order of its SQL, and no client that we know goes back.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],

      // What is small by its nature is a list of the things themselves: the stages of a funnel are at most 53, and
      // edges would only be in the way. Things of the past, rejected rows and entries of a balance are read where they
      // stand and have no id to be asked for again.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],

      // What can be asked for again implements Node and has an id. All else is a value (Money), an answer (a payload),
      // an event or a thing of the past, and an id would make normalising caches mix it up with something living.
      "@graphql-eslint/strict-id-in-types": "off",
    },
  },
];
