const KEY = 'ssvm-kernel:kernels';
const MOST = 50;

/** The part of the browser's storage that is used here. */
export type Store = Pick<Storage, 'getItem' | 'setItem'>;

/**
 * The ids of kernels that have guests, kept across reloads of the page.
 *
 * They say whom to ask and nothing else; a browser without storage loses the recovery of a question after a reload.
 */
export class KnownKernels {
  constructor(private readonly store: () => Store) {}

  has(id: string): boolean {
    return this.read().includes(id);
  }

  add(id: string | undefined): void {
    if (id !== undefined) {
      this.write([...this.without(id), id].slice(-MOST));
    }
  }

  remove(id: string | undefined): void {
    if (id !== undefined && this.has(id)) {
      this.write(this.without(id));
    }
  }

  private without(id: string): string[] {
    return this.read().filter(other => other !== id);
  }

  private read(): string[] {
    try {
      const ids: unknown = JSON.parse(this.store().getItem(KEY) ?? '[]');
      return Array.isArray(ids) ? ids.filter(id => typeof id === 'string') : [];
    } catch {
      return [];
    }
  }

  private write(ids: string[]): void {
    try {
      this.store().setItem(KEY, JSON.stringify(ids));
    } catch {
      // Storage is full or forbidden.
    }
  }
}
