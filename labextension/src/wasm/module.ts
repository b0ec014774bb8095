import { Malformed, Reader } from './reader.js';

/** An import or export. */
export interface Item {
  /** The module that an import comes from; empty for an export. */
  readonly module: string;
  readonly name: string;
  readonly kind: string;
  /** Its type, or empty where this reader does not know it. */
  readonly type: string;
}

export interface Section {
  readonly name: string;
  readonly bytes: number;
  /** How many things it holds; -1 where that is not counted. */
  readonly items: number;
}

/** What a module says about itself; names are the module's own text. */
export interface Module {
  readonly kind: 'module' | 'component';
  readonly bytes: number;
  readonly name: string;
  readonly imports: readonly Item[];
  readonly exports: readonly Item[];
  readonly sections: readonly Section[];
  /** Functions of the name section, by index. */
  readonly functions: readonly (readonly [number, string])[];
}

const SECTIONS = [
  'custom',
  'types',
  'imports',
  'functions',
  'tables',
  'memories',
  'globals',
  'exports',
  'start',
  'elements',
  'code',
  'data',
  'data count',
  'tags'
];
const KINDS = ['function', 'table', 'memory', 'global', 'tag'];
const VALUES: Readonly<Record<number, string>> = {
  0x7f: 'i32',
  0x7e: 'i64',
  0x7d: 'f32',
  0x7c: 'f64',
  0x7b: 'v128',
  0x78: 'i8',
  0x77: 'i16',
  0x74: 'noexnref',
  0x73: 'nofuncref',
  0x72: 'noexternref',
  0x71: 'nullref',
  0x70: 'funcref',
  0x6f: 'externref',
  0x6e: 'anyref',
  0x6d: 'eqref',
  0x6c: 'i31ref',
  0x6b: 'structref',
  0x6a: 'arrayref',
  0x69: 'exnref'
};

/** A type of a proposal that this reader does not know: types are then left unsaid, the rest is still read. */
class UnknownType extends Error {}

/**
 * Read a module; code and data are skipped unread.
 *
 * @throws Malformed, when it is no module, or broken where this looks.
 */
export function readModule(data: Uint8Array): Module {
  const reader = new Reader(data);
  const head = Array.from({ length: 8 }, () => reader.byte());
  if (String.fromCharCode(...head.slice(0, 4)) !== '\0asm') {
    throw new Malformed('It does not begin with the bytes \\0asm.');
  }
  const [, , , , version, , layer] = head;
  if (layer === 1) {
    const none = { name: '', imports: [], exports: [], sections: [], functions: [] };
    return { kind: 'component', bytes: data.length, ...none };
  }
  if (version !== 1) {
    throw new Malformed(`Version ${String(version)} of the format is not known here.`);
  }
  return new ModuleReader(data.length).read(reader);
}

class ModuleReader {
  constructor(private readonly bytes: number) {}

  read(reader: Reader): Module {
    const bodies: [number, Reader][] = [];
    while (!reader.done) {
      const id = reader.byte();
      const body = reader.part();
      bodies.push([id, body]);
      this.sections.push(this.section(id, body));
    }
    for (const [id, body] of bodies) {
      this.readSection(id, body);
    }
    return {
      kind: 'module',
      bytes: this.bytes,
      name: this.name,
      imports: this.imports,
      exports: this.exports.map(([name, kind, index]) => this.exported(name, kind, index)),
      sections: this.sections,
      functions: this.named
    };
  }

  private section(id: number, body: Reader): Section {
    const bytes = body.end - body.at;
    const look = new Reader(body.data, body.at, body.end);
    if (id === 0) {
      return { name: `custom ${look.text()}`, bytes, items: -1 };
    }
    const name = SECTIONS[id] ?? `section ${String(id)}`;
    return { name, bytes, items: id === 8 || look.done ? -1 : look.unsigned() };
  }

  private readSection(id: number, body: Reader): void {
    if (id === 0) {
      this.readCustom(body);
    } else if (id === 1) {
      this.readTypes(body);
    } else if (id === 2) {
      body.list(() => this.imports.push(this.readImport(body)));
    } else if (id === 3) {
      body.list(() => this.indices.function?.push(this.typeOf(body.unsigned())));
    } else if (id === 4) {
      body.list(() => this.indices.table?.push(this.tableType(body, true)));
    } else if (id === 5) {
      body.list(() => this.indices.memory?.push(limits(body)));
    } else if (id === 7) {
      body.list(() => this.exports.push([body.text(), body.byte(), body.unsigned()]));
    }
  }

  private readCustom(body: Reader): void {
    if (body.text() !== 'name') {
      return;
    }
    try {
      while (!body.done) {
        const id = body.byte();
        const part = body.part();
        if (id === 0) {
          this.name = part.text();
        } else if (id === 1) {
          this.named = part.list(() => [part.unsigned(), part.text()] as const);
        }
      }
    } catch (error) {
      // A broken name section does not make a module invalid.
      if (!(error instanceof Malformed)) {
        throw error;
      }
    }
  }

  private readTypes(body: Reader): void {
    try {
      body.list(() => {
        if (body.peek() === 0x4e) {
          body.byte();
          body.list(() => {
            this.readType(body);
          });
        } else {
          this.readType(body);
        }
      });
    } catch (error) {
      if (!(error instanceof UnknownType)) {
        throw error;
      }
      this.typesKnown = false;
    }
  }

  private readType(body: Reader): void {
    let form = body.byte();
    if (form === 0x50 || form === 0x4f) {
      body.list(() => body.unsigned());
      form = body.byte();
    }
    if (form === 0x60) {
      const parameters = body.list(() => valueType(body)).join(', ');
      const results = body.list(() => valueType(body)).join(', ');
      this.types.push(`(${parameters}) -> (${results})`);
    } else if (form === 0x5f) {
      body.list(() => [valueType(body), body.byte()]);
      this.types.push('struct');
    } else if (form === 0x5e) {
      valueType(body);
      body.byte();
      this.types.push('array');
    } else {
      throw new UnknownType();
    }
  }

  private readImport(body: Reader): Item {
    const module = body.text();
    const name = body.text();
    const code = body.byte();
    const kind = KINDS[code];
    if (kind === undefined) {
      throw new Malformed(`An import is of a kind that is not known here (${String(code)}).`);
    }
    const type = this.importType(code, body);
    this.indices[kind]?.push(type);
    return { module, name, kind, type };
  }

  private importType(kind: number, body: Reader): string {
    if (kind === 0) {
      return this.typeOf(body.unsigned());
    }
    if (kind === 1) {
      return this.tableType(body, false);
    }
    if (kind === 2) {
      return limits(body);
    }
    if (kind === 3) {
      const value = known(body);
      return body.byte() === 1 ? `mut ${value}` : value;
    }
    body.byte();
    return this.typeOf(body.unsigned());
  }

  private tableType(body: Reader, defined: boolean): string {
    if (defined && body.peek() === 0x40) {
      throw new Malformed('A table with an initial value is not known here.');
    }
    return `${known(body)} ${limits(body)}`;
  }

  private exported(name: string, code: number, index: number): Item {
    const kind = KINDS[code] ?? `kind ${String(code)}`;
    return { module: '', name, kind, type: this.indices[kind]?.[index] ?? '' };
  }

  private typeOf(index: number): string {
    return this.typesKnown ? (this.types[index] ?? '') : '';
  }

  private readonly types: string[] = [];
  private readonly imports: Item[] = [];
  private readonly exports: [string, number, number][] = [];
  private readonly sections: Section[] = [];
  private readonly indices: Record<string, string[]> = { function: [], table: [], memory: [] };
  private named: (readonly [number, string])[] = [];
  private name = '';
  private typesKnown = true;
}

function valueType(body: Reader): string {
  const code = body.byte();
  const value = VALUES[code];
  if (value !== undefined) {
    return value;
  }
  if (code === 0x64 || code === 0x63) {
    const heap = body.peek();
    const name = VALUES[heap] ?? '';
    body.unsigned();
    return `(ref ${code === 0x63 ? 'null ' : ''}${name === '' ? '…' : name.replace('ref', '')})`;
  }
  throw new UnknownType();
}

function known(body: Reader): string {
  try {
    return valueType(body);
  } catch (error) {
    if (error instanceof UnknownType) {
      throw new Malformed('A type is not known here.');
    }
    throw error;
  }
}

function limits(body: Reader): string {
  const flags = body.byte();
  const wide = (flags & 4) !== 0;
  const least = String(body.unsigned(wide));
  const most = (flags & 1) !== 0 ? ` to ${String(body.unsigned(wide))}` : ' or more';
  return least + most + ((flags & 2) !== 0 ? ', shared' : '') + (wide ? ', 64 bit' : '');
}
