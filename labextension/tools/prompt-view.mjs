// Put the scripts of the prompt widget together as a module of the extension: node tools/prompt-view.mjs FOLDER
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';

const scripts = new URL('../../ssvm_kernel/deciders/static/', import.meta.url);
const folder = argv[2];
mkdirSync(folder, { recursive: true });
const text = ['parts', 'strip', 'prompt'].map(name =>
  readFileSync(new URL(`${name}.js`, scripts), 'utf-8')
);
writeFileSync(join(folder, 'promptView.js'), text.join('\n'));
