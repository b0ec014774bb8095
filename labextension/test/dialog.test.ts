import './dom.js';
import { untranslated } from './noStyles.js';

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Asking } from '../src/asking.js';
import type { KernelLink } from '../src/kernelLink.js';
import type { Links } from '../src/links.js';

// jsdom has no top layer.
Object.assign(window.HTMLDialogElement.prototype, {
  showModal: () => undefined,
  close: () => undefined
});

test('a question that this page is too old to show is denied, and later ones are left to another way to ask', async () => {
  const warn = mock.method(console, 'warn', () => undefined);
  const answers: unknown[] = [];
  const link = {
    question: { id: 'q', nonce: 'secret', of: 'a newer kernel' },
    context: { path: 'x.ipynb' },
    answer: (_: unknown, choice: unknown) => {
      answers.push(choice);
      return Promise.resolve();
    }
  };
  let tell: (link: KernelLink, change: 'question') => void = () => undefined;
  const links = {
    all: [link],
    prompts: false,
    listen: (listener: typeof tell) => {
      tell = listener;
    }
  };
  const asking = new Asking(links as unknown as Links, untranslated);
  asking.on = true;
  assert.equal(links.prompts, true);
  tell(link as unknown as KernelLink, 'question');
  for (let tries = 0; answers.at(-1) !== 'deny' && tries < 3000; tries++) {
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  assert.equal(answers.at(-1), 'deny');
  assert.equal(document.querySelector('dialog'), null);
  assert.equal(links.prompts, false);
  assert.equal(warn.mock.callCount(), 1);

  const before = answers.length;
  link.question = { id: 'p', nonce: 'another', of: 'a newer kernel' };
  tell(link as unknown as KernelLink, 'question');
  await new Promise(resolve => setTimeout(resolve, 50));
  assert.equal(answers.length, before);
});
