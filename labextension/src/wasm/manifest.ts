import type { Item, Module } from './module.js';
import { ABILITIES, KNOWN, OF_JAVASCRIPT, PROCESS_MODULES, TYPES } from './tables.generated.js';

const OFFERED: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(KNOWN));
const TYPED: ReadonlyMap<string, string> = new Map(Object.entries(TYPES));

/** What a module can ask for, and what is impossible for it, as `%ssvm inspect` tells it. */
export interface Manifest {
  readonly can: readonly string[];
  readonly cannot: readonly string[];
  /** Imports that no host function answers: the module cannot be started. */
  readonly unknown: readonly string[];
  readonly entry: 'command' | 'reactor' | 'library';
}

/** Read the manifest off the import and export sections; nothing is run. */
export function manifestOf(module: Module): Manifest {
  const names = new Set(module.imports.map(shortName));
  const can: string[] = [];
  const cannot: string[] = [];
  for (const ability of ABILITIES) {
    const any: readonly string[] = ability.anyOf;
    const all: readonly string[] = ability.allOf;
    const some = any.filter(name => names.has(name));
    if (some.length > 0 && all.every(name => names.has(name))) {
      can.push(`${ability.can} (it imports ${[...some, ...all].sort().join(', ')})`);
    } else {
      cannot.push(`${ability.cannot} (${ability.missing})`);
    }
  }
  const unknown = module.imports.map(problem).filter(text => text !== null);
  const functions = new Set(
    module.exports.filter(item => item.kind === 'function').map(item => item.name)
  );
  return {
    can: unknown.length > 0 ? [] : can,
    cannot: unknown.length > 0 ? [] : cannot,
    unknown,
    entry: functions.has('_start')
      ? 'command'
      : functions.has('_initialize')
        ? 'reactor'
        : 'library'
  };
}

function isProcess(module: string): boolean {
  return (PROCESS_MODULES as readonly string[]).includes(module);
}

/** The name by which the table of abilities knows an import: without its prefix, or with its module where that is ours. */
function shortName(item: Item): string {
  const prefix = `${item.module}_`;
  if (isProcess(item.module) && item.name.startsWith(prefix)) {
    return item.name.slice(prefix.length);
  }
  return TYPED.has(`${item.module}.${item.name}`) ? `${item.module}.${item.name}` : item.name;
}

function problem(item: Item): string | null {
  const name = `${item.module}.${item.name}`;
  if (item.kind !== 'function') {
    return `${name}: this host offers no ${item.kind}, only functions`;
  }
  if (OF_JAVASCRIPT.test(item.module)) {
    return null; // it ends the guest when it is called, and many never call it
  }
  const offered = OFFERED.get(item.module);
  if (offered === undefined) {
    return `${name}: this host has no module of that name`;
  }
  if (!offered.includes(item.name)) {
    return `${name}: this host's module of that name has no such function`;
  }
  const expected = TYPED.get(name);
  if (expected !== undefined && item.type && item.type !== expected) {
    return `${name}: it has the type ${item.type}, but should have ${expected}`;
  }
  return null;
}
