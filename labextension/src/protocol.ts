/** The messages between page and kernel; `ssvm_kernel/deciders/labwire.py` is the other side. */

export const VERSION = 1;
export const REQUEST = 'ssvm_request';
export const REPLY = 'ssvm_reply';
/** The id of the comm, which is never opened, whose messages are the kernel's events. */
export const EVENTS = 'ssvm-kernel.events';

/** A question as the kernel words it; its text is safe to show as text. */
export interface Question {
  readonly id: string;
  readonly nonce: string;
  readonly who: { readonly guest: string; readonly module: string; readonly cell: string };
  readonly offers: readonly { readonly id: string; readonly allow: boolean }[];
}

/** The answer that denies a question, which may be of a kernel that words it in another way. */
export function denial(question: Question): string {
  const offers = (question as Partial<Question>).offers ?? [];
  return offers.find(offer => !offer.allow)?.id ?? 'deny';
}

export interface Grant {
  readonly id: string;
  readonly what: string;
  readonly effect: string;
  readonly scope: string;
  readonly origin: string;
  readonly module: string;
  readonly age: number;
  readonly uses: number;
  readonly revocable: boolean;
}

export interface LedgerLine {
  readonly seq: number;
  readonly time: string;
  readonly guest: string;
  readonly cell: string;
  readonly argv: readonly string[];
  readonly decision: string;
  readonly scope: string;
  readonly outcome: string;
  readonly status: number | null;
  readonly signal: string | null;
  readonly ms: number;
  readonly bytes: number;
}

export interface Look {
  readonly waiting: boolean;
  readonly grants: readonly Grant[];
  readonly ledger: readonly LedgerLine[];
}

export type Request =
  | { readonly do: 'hello'; readonly prompts: boolean }
  | {
      readonly do: 'answer';
      readonly id: string;
      readonly nonce: string;
      readonly choice: string | null;
    }
  | { readonly do: 'look'; readonly since: number }
  | { readonly do: 'revoke'; readonly grant: string }
  | { readonly do: 'export' };

export type Event =
  | { readonly event: 'here' }
  | { readonly event: 'question'; readonly question: Question }
  | { readonly event: 'settled'; readonly id: string; readonly nonce: string };

/** An id for a message; `crypto.randomUUID` is missing where the page came over plain http from another computer. */
export function messageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** The kernel's "no", in its own words. */
export class Refused extends Error {}

/**
 * Read what a kernel publishes.
 *
 * @param type - The message's type.
 * @returns The event, or null for what is of another version or not ours.
 */
export function readEvent(type: string, content: unknown): Event | null {
  const { comm_id, data } = content as { comm_id?: unknown; data?: unknown };
  if (type !== 'comm_msg' || comm_id !== EVENTS) {
    return null;
  }
  const said = data as { version?: unknown; event?: unknown } | null;
  if (said?.version !== VERSION || typeof said.event !== 'string') {
    return null;
  }
  return ['here', 'question', 'settled'].includes(said.event) ? (said as Event) : null;
}

/**
 * Read the content of a reply.
 *
 * @throws Refused, when the kernel says no.
 */
export function readReply(content: unknown): object {
  const said = content as { version?: unknown; status?: unknown; error?: unknown } | null;
  if (said?.version !== VERSION) {
    throw new Refused('The kernel speaks another version; update ssvm-kernel and reload the page.');
  }
  if (said.status !== 'ok') {
    throw new Refused(String(said.error));
  }
  return said;
}
