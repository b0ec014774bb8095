// Print what a browser loads of this extension, so that a build shows when it grows.
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const folder = new URL('../../ssvm_kernel/labextension/static/', import.meta.url);
const scripts = readdirSync(folder).filter(name => name.endsWith('.js'));
const content = new Map(scripts.map(name => [name, readFileSync(new URL(name, folder))]));
const entry = scripts.find(name => name.startsWith('remoteEntry.')) ?? '';

// Every page loads the entry and the chunks of the extension itself; the others come when a part is first used.
const exposed = String(content.get(entry)).matchAll(/"\.\/(?:extension|style)":.*?\.then\(/gs);
const loaded = Array.from(exposed, ([load]) => Array.from(load.matchAll(/\.e\("?(\w+)"?\)/g)));
const chunks = new Set(loaded.flat().map(match => match[1]));
const first = name => name === entry || name === 'style.js' || chunks.has(name.split('.')[0]);

const kilobytes = bytes => `${(bytes / 1000).toFixed(1)} kB`;
const report = (what, names) => {
  const plain = names.reduce((sum, name) => sum + content.get(name).length, 0);
  const zipped = names.reduce((sum, name) => sum + gzipSync(content.get(name)).length, 0);
  console.log(
    `labextension: ${kilobytes(plain)} of JavaScript ${what}, ${kilobytes(zipped)} gzipped`
  );
};
report('with every page', scripts.filter(first));
report(
  'when a part is used',
  scripts.filter(name => !first(name))
);
