// Bundles src/ into dist/: index.html, and assets whose names hold the hash of what is in them.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { build } from "esbuild";

const MAIN = "src/main.tsx";

await rm("dist", { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: { explorer: MAIN },
  outdir: "dist/assets",
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  minify: true,
  legalComments: "external",
  define: { "process.env.NODE_ENV": '"production"' },
  metafile: true,
  logLevel: "warning",
});

const [script, { cssBundle }] = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === MAIN);
const page = (await readFile("index.html", "utf8"))
  .replace("{style}", `/explorer/${basename(cssBundle)}`)
  .replace("{script}", `/explorer/${basename(script)}`);
await mkdir("dist", { recursive: true });
await writeFile("dist/index.html", page); // last: where it stands, all that it names stands too
