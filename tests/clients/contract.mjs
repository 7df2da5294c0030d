// What normalised caches must know of the contract: which types an interface or a union has.
import { readFileSync } from "node:fs";
import { buildSchema, introspectionFromSchema, isAbstractType } from "graphql";

const sdl = readFileSync(new URL("../../services/graphql/schema.graphql", import.meta.url), "utf8");
const schema = buildSchema(sdl);
const names = (types) => types.map(({ name }) => name);

export const introspection = introspectionFromSchema(schema);
export const possibleTypes = Object.fromEntries(
  Object.values(schema.getTypeMap())
    .filter(isAbstractType)
    .map((type) => [type.name, names(schema.getPossibleTypes(type))]),
);
