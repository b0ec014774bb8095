// Print what a browser loads of this extension, so that a build shows when it grows.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const folder = new URL('../../ssvm_kernel/labextension/static/', import.meta.url);
let plain = 0;
let zipped = 0;
for (const name of readdirSync(folder)) {
  const file = new URL(name, folder);
  if (name.endsWith('.js') && statSync(file).isFile()) {
    const content = readFileSync(file);
    plain += content.length;
    zipped += gzipSync(content).length;
  }
}
const kilobytes = bytes => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`labextension: ${kilobytes(plain)} of JavaScript, ${kilobytes(zipped)} gzipped`);
