import './dom.js';

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import type { TranslationBundle } from '@jupyterlab/translation';

import { Asking } from '../src/asking.js';
import type { KernelLink } from '../src/kernelLink.js';
import type { Links } from '../src/links.js';

test('a page that cannot load the dialog tells the kernel nothing, which then asks in another way', async () => {
  // Node loads no style sheets, so that the dialog's part fails to load, as from a server that is gone.
  const warn = mock.method(console, 'warn', () => undefined);
  const answers: unknown[] = [];
  const link = {
    question: { id: 'q', nonce: 'secret' },
    context: { path: 'x.ipynb' },
    answer: (...said: unknown[]) => {
      answers.push(said);
      return Promise.resolve();
    }
  } as unknown as KernelLink;
  let tell: (link: KernelLink, change: 'question') => void = () => undefined;
  const links = {
    all: [link],
    prompts: false,
    listen: (listener: typeof tell) => {
      tell = listener;
    }
  };
  const asking = new Asking(links as unknown as Links, {} as TranslationBundle);
  asking.on = true;
  tell(link, 'question');
  // Asked again and again, it is tried again: nothing is taken for shown.
  for (let tries = 0; warn.mock.callCount() < 4 && tries < 3000; tries++) {
    await new Promise(resolve => setTimeout(resolve, 20));
    asking.show();
  }
  assert.ok(warn.mock.callCount() >= 4);
  assert.deepEqual(answers, []);
});
