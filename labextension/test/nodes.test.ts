import assert from 'node:assert/strict';
import { test } from 'node:test';

import { commandLine } from '../src/nodes.js';

test('a command is written so that its arguments can be told apart', () => {
  assert.equal(commandLine(['sort', '-r', '--key=2,3']), 'sort -r --key=2,3');
  assert.equal(commandLine(['echo', 'a b', '']), "echo 'a b' ''");
  assert.equal(commandLine(['echo', "it's", '$(id)']), `echo 'it'"'"'s' '$(id)'`);
});
