import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';

import type { IMessage, ISessionContext } from '@jupyterlab/services';

import { KernelLink } from '../src/kernelLink.js';
import { KnownKernels, type Store } from '../src/knownKernels.js';
import { EVENTS, readEvent, type Question } from '../src/protocol.js';

class Signal<T> {
  private readonly slots = new Set<(sender: never, args: T) => void>();
  connect(slot: (sender: never, args: T) => void): boolean {
    this.slots.add(slot);
    return true;
  }
  disconnect(slot: (sender: never, args: T) => void): boolean {
    return this.slots.delete(slot);
  }
  emit(args: T): void {
    this.slots.forEach(slot => {
      slot(undefined as never, args);
    });
  }
}

const QUESTION: Question = {
  id: 'q',
  nonce: 'secret',
  who: { guest: 'g', module: 'm', cell: 'c' },
  offers: [{ id: 'deny', allow: false }]
};

interface Sent {
  readonly header: {
    readonly msg_id: string;
    readonly msg_type: string;
    readonly session: string;
  };
  readonly channel: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** A session whose kernel answers by `reply`, perhaps late. */
function session(reply: (content: Sent['content']) => object | Promise<object>, id = 'k1') {
  const sent: Sent[] = [];
  const kernel = {
    id,
    name: 'python3',
    clientId: 'page',
    username: 'u',
    status: 'busy',
    info: new Promise(() => undefined),
    sendControlMessage(message: object) {
      const future = {
        onReply: (reply: IMessage): void => {
          assert.fail(`nobody waits for ${reply.header.msg_type}`);
        },
        dispose: () => undefined
      };
      sent.push(message as Sent);
      void Promise.resolve((message as Sent).content)
        .then(reply)
        .then(content => {
          future.onReply({
            header: { msg_id: '', msg_type: 'ssvm_reply' },
            parent_header: {},
            content
          });
        });
      return future;
    }
  };
  const context = {
    path: 'a.ipynb',
    session: { kernel },
    iopubMessage: new Signal<IMessage>(),
    statusChanged: new Signal<string>(),
    kernelChanged: new Signal<unknown>(),
    connectionStatusChanged: new Signal<string>()
  };
  const publish = (content: object): void => {
    context.iopubMessage.emit({
      header: { msg_id: '', msg_type: 'comm_msg' },
      parent_header: {},
      content: { comm_id: EVENTS, data: content }
    });
  };
  return { sent, context, publish };
}

function memory(): Store {
  const items = new Map<string, string>();
  return {
    getItem: key => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value)
  };
}

const links: KernelLink[] = [];

function link(context: object, known = new KnownKernels(memory)): KernelLink {
  const made = new KernelLink(context as ISessionContext, known, () => true);
  links.push(made);
  return made;
}

afterEach(() => {
  mock.timers.reset();
  for (const one of links.splice(0)) {
    one.dispose();
  }
});

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
const ok = (more: object): object => ({ version: 1, status: 'ok', ...more });

test('a kernel of which nothing is known is left alone until it calls', async () => {
  const { sent, context, publish } = session(() => ok({ question: null }));
  const one = link(context);
  await settled();
  assert.equal(sent.length, 0);
  publish({ version: 1, event: 'here' });
  await settled();
  assert.equal(one.isThere, true);
  const [hello] = sent;
  assert.ok(hello);
  assert.deepEqual(hello.content, { version: 1, do: 'hello', prompts: false });
  assert.deepEqual([hello.channel, hello.header.session], ['control', 'page']);
});

test('after a reload a known kernel is asked at once, and gives its question back', async () => {
  const store = memory();
  const known = new KnownKernels(() => store);
  known.add('k1');
  const { context, publish } = session(() => ok({ question: QUESTION }));
  const one = link(context, known);
  const seen: string[] = [];
  one.listen(change => void seen.push(change));
  await settled();
  assert.deepEqual(one.question, QUESTION);
  publish({ version: 1, event: 'settled', id: 'q', nonce: 'another' });
  assert.deepEqual(one.question, QUESTION);
  publish({ version: 1, event: 'settled', id: 'q', nonce: 'secret' });
  assert.equal(one.question, null);
  assert.deepEqual(seen, ['question', 'question']);
});

/** A reply that comes when it is told to. */
function late() {
  let give: (reply: object) => void = () => undefined;
  const promise = new Promise<object>(resolve => {
    give = resolve;
  });
  const resolve = (question: Question | null): Promise<void> => {
    give(ok({ question }));
    return settled();
  };
  return { promise, resolve };
}

test('a question that was heard after a hello is not taken away by its reply', async () => {
  const hello = late();
  const { context, publish } = session(() => hello.promise);
  const one = link(context);
  publish({ version: 1, event: 'here' });
  publish({ version: 1, event: 'question', question: QUESTION });
  await hello.resolve(null);
  assert.equal(one.isThere, true);
  assert.deepEqual(one.question, QUESTION);
});

test('a question that was settled after a hello is not brought back by its reply', async () => {
  const hello = late();
  const { context, publish } = session(() => hello.promise);
  const one = link(context);
  publish({ version: 1, event: 'here' });
  publish({ version: 1, event: 'settled', id: 'q', nonce: 'secret' });
  await hello.resolve(QUESTION);
  assert.equal(one.isThere, true);
  assert.equal(one.question, null);
});

test('a reply of the kernel before a restart says nothing of the one after it', async () => {
  const hello = late();
  const { context, publish } = session(() => hello.promise);
  const one = link(context);
  publish({ version: 1, event: 'here' });
  context.statusChanged.emit('restarting');
  await hello.resolve(QUESTION);
  assert.equal(one.isThere, false);
  assert.equal(one.question, null);
});

test('a kernel is told that questions are shown, also when that was said while it was greeted', async () => {
  const hello = late();
  const { sent, context, publish } = session(() => hello.promise);
  const one = link(context);
  publish({ version: 1, event: 'here' });
  one.prompts = true;
  await hello.resolve(null);
  assert.deepEqual(
    sent.map(({ content }) => content.prompts),
    [false, true]
  );
});

test('a page that came over plain http, which has less of the browser, can ask too', async () => {
  const secure = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  const getRandomValues = crypto.getRandomValues.bind(crypto);
  Object.defineProperty(globalThis, 'crypto', { configurable: true, value: { getRandomValues } });
  try {
    const { sent, context } = session(() => ok({ question: null }));
    const one = link(context);
    await Promise.all([one.greet(), one.greet()]);
    assert.equal(one.isThere, true);
    const ids = sent.map(({ header }) => header.msg_id);
    assert.ok(ids.every(id => /^[0-9a-f]{32}$/.test(id)));
    assert.equal(new Set(ids).size, 2);
  } finally {
    Object.defineProperty(globalThis, 'crypto', secure ?? {});
  }
});

test('a kernel that is busy for long in a notebook about guests is asked', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { sent, context } = session(() => ok({ question: QUESTION }));
  link(context);
  mock.timers.tick(10_000);
  await Promise.resolve();
  assert.equal(sent.length, 1);
});

test('the SSVM kernel, which called before the page could hear it, is greeted when it has told what it is', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  for (const [implementation, hellos] of [
    ['ssvm', 1],
    ['ipython', 0]
  ] as const) {
    const { sent, context } = session(() => ok({ question: null }));
    const kernel = {
      ...context.session.kernel,
      status: 'idle',
      info: Promise.resolve({ implementation })
    };
    link({ ...context, session: { kernel } });
    await settled();
    assert.equal(sent.length, 0); // it may not answer yet
    mock.timers.tick(10_000);
    await settled();
    assert.equal(sent.length, hellos);
  }
});

test('a kernel that ends before it has told what it is is no error', async () => {
  const { sent, context } = session(() => ok({ question: null }));
  const kernel = { ...context.session.kernel, info: Promise.reject(new Error('gone')) };
  link({ ...context, session: { kernel } });
  await settled(); // an unhandled rejection would fail this test
  assert.equal(sent.length, 0);
});

test("the kernel's no is an error, and another version is one too", async () => {
  const replies: object[] = [
    { version: 1, status: 'error', error: 'there is no grant g1 any more' },
    { version: 2, status: 'ok' }
  ];
  const one = link(session(() => replies.shift() ?? {}).context);
  await assert.rejects(one.revoke('g1'), /no grant g1/);
  await assert.rejects(one.revoke('g1'), /another version/);
});

test('a kernel that restarts is forgotten', async () => {
  const known = new KnownKernels(memory);
  const { context, publish } = session(() => ok({ question: QUESTION }));
  const one = link(context, known);
  publish({ version: 1, event: 'here' });
  await settled();
  context.statusChanged.emit('restarting');
  assert.equal(one.isThere, false);
  assert.equal(one.question, null);
});

test('what is not ours, or of another version, is no event', () => {
  for (const data of [null, 1, {}, { version: 2, event: 'here' }, { version: 1, event: 'grant' }]) {
    assert.equal(readEvent('comm_msg', { comm_id: EVENTS, data }), null);
  }
  const here = { comm_id: EVENTS, data: { version: 1, event: 'here' } };
  assert.ok(readEvent('comm_msg', here));
  assert.equal(readEvent('comm_open', here), null);
  assert.equal(readEvent('comm_msg', { ...here, comm_id: 'another' }), null);
  assert.equal(readEvent('status', {}), null);
});

test('a browser without storage loses the memory and nothing else', () => {
  const known = new KnownKernels(() => {
    throw new Error('forbidden');
  });
  known.add('k');
  assert.equal(known.has('k'), false);
});
