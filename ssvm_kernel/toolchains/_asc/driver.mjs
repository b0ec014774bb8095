// Compiles AssemblyScript for the toolchain: node driver.mjs NODE_MODULES SDK
//
// A folder has cell.request.json, {entry, options, files}; the answer is put there too: cell.answer.json with the findings, and the
// module with its source map. The compiler sees the files named in the request, the libraries, and nothing else of the
// machine, so what a cell imports is what the session has.
//
// Folders are read from stdin, one a line, and each is answered by a line: to load the compiler takes longer than most
// cells. It ends with its stdin, or when it had nothing to do for a while.

import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const IDLE = 10 * 60 * 1000; // milliseconds
const MOST_MEMORY = 1 << 30; // bytes; what the optimiser once took it does not give back
const LIBRARY = "ssvm-library"; // the folder under which the compiler asks for the library below
const CONFIGURATION = "no.json";

const [nodeModules, sdk] = process.argv.slice(2);
const shim = path.join(nodeModules, "@assemblyscript/wasi-shim/assembly");
const load = (name) => import(pathToFileURL(path.join(nodeModules, name)).href);
const asc = await load("assemblyscript/dist/asc.js");

const texts = new Map(); // what was read of the libraries, which do not change

function libraryFile(name) {
  if (name === "wasmedge_process.ts") return libraryFile("ssvm_process.ts").replaceAll("ssvm_process", "wasmedge_process");
  if (!texts.has(name)) {
    const found = [shim, sdk].map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
    texts.set(name, found === undefined ? null : fs.readFileSync(found, "utf8"));
  }
  return texts.get(name);
}

// The top level of the shim is known to every cell without an import; ssvm_process is imported.
const globals = [...fs.readdirSync(shim).filter((name) => name.endsWith(".ts")), "ssvm_abort.ts"];

// The compiler's pass for the garbage collector makes most functions anew, without their places in the source.
function keepingPlaces(names) {
  let program;
  return class {
    afterInitialize(initialized) {
      program = initialized;
    }
    afterCompile(module) {
      const starts = [...program.filesByName.values()].map((file) => file.startFunction);
      for (const element of [...program.instancesByName.values(), ...starts]) {
        if (!element.debugLocations?.size) continue;
        const made = module.getFunction(element.internalName);
        if (!made) continue;
        for (const [expression, { source, start }] of element.debugLocations) {
          if (!names.has(source.normalizedPath)) continue;
          const line = source.lineAt(start);
          module.setDebugLocation(made, expression, source.debugInfoIndex, line, source.columnAt() - 1);
        }
      }
    }
  };
}

async function compile(folder) {
  const request = JSON.parse(fs.readFileSync(path.join(folder, "cell.request.json"), "utf8"));
  const diagnostics = [];
  const host = {
    readFile(name, base) {
      if (name === CONFIGURATION) return null;
      if (base === LIBRARY) return libraryFile(name);
      return Object.hasOwn(request.files, name) ? request.files[name] : null;
    },
    writeFile(name, data) {
      fs.writeFileSync(path.join(folder, path.basename(name)), data);
    },
    listFiles: (directory) => (directory === LIBRARY ? globals : []),
    transforms: [keepingPlaces(new Set(Object.keys(request.files)))],
    reportDiagnostic({ code, category, message, range }) {
      const place = range && { file: range.source?.normalizedPath ?? "", start: range.start, end: range.end };
      diagnostics.push({ code, category, message, ...place });
    },
  };
  const options = ["--config", CONFIGURATION, "--lib", LIBRARY, "--noColors", ...request.options];
  const { error, stderr } = await asc.main([request.entry, ...options], host);
  const answer = { diagnostics, failed: error ? String(error.message) : "", said: stderr.toString() };
  fs.writeFileSync(path.join(folder, "cell.answer.json"), JSON.stringify(answer));
}

let idle = setTimeout(() => process.exit(), IDLE);
for await (const folder of readline.createInterface({ input: process.stdin })) {
  clearTimeout(idle);
  await compile(folder);
  process.stdout.write(".\n");
  if (process.memoryUsage.rss() > MOST_MEMORY) break;
  idle = setTimeout(() => process.exit(), IDLE);
}
process.exit();
