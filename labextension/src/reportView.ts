import type { TranslationBundle } from '@jupyterlab/translation';

import { duration, make } from './nodes.js';
import { visible } from './wasm/visible.js';

import '../style/report.css';

const MOST_FACTS = 500;

/** A run as the kernel reports it; a saved notebook may say anything here, so that nothing is taken for granted. */
interface Report {
  readonly line?: unknown;
  readonly facts?: unknown;
  readonly seconds?: unknown;
}

/** Show a run: one line, and below it where the time went and what the kernel tells of it. */
export function showReport(data: unknown, open: boolean, t: TranslationBundle): HTMLElement {
  const report: Report = isRecord(data) ? data : {};
  const summary = make('summary', '', text(report.line) || t.__('A run of a guest'));
  const details = make('details', 'ssvm-report', summary, bars(report, t), facts(report, t));
  details.open = open;
  return details;
}

function bars(report: Report, t: TranslationBundle): HTMLElement {
  const seconds = isRecord(report.seconds) ? report.seconds : {};
  const names = {
    source: t.__('source to module'),
    compile: t.__('module to code'),
    load: t.__('load'),
    instantiate: t.__('instantiate'),
    guest: t.__('in the guest'),
    host: t.__('in commands')
  };
  const parts = Object.entries(names)
    .map(([key, name]) => [name, number(seconds[key])] as const)
    .filter(([, value]) => value > 0);
  const whole = parts.reduce((sum, [, value]) => sum + value, 0);
  const rows = parts.map(([name, value]) => {
    const bar = make('span', 'ssvm-report-bar');
    bar.style.width = `${String(Math.round((100 * value) / whole))}%`;
    const track = make('span', 'ssvm-report-track', bar);
    track.setAttribute('aria-hidden', 'true');
    return make('div', 'ssvm-report-row', make('span', '', name), track, duration(value));
  });
  return make('div', 'ssvm-report-bars', ...rows);
}

function facts(report: Report, t: TranslationBundle): HTMLElement {
  const pairs: unknown[] = Array.isArray(report.facts) ? report.facts : [];
  const rows = pairs.slice(0, MOST_FACTS).map(pair => {
    const [name, value] = (Array.isArray(pair) ? pair : []) as unknown[];
    return make(
      'div',
      'ssvm-report-fact',
      make('span', '', text(name)),
      make('code', '', text(value))
    );
  });
  const left = pairs.length - rows.length;
  if (left > 0) {
    const words = t._n('and %1 more, which is not shown', 'and %1 more, which are not shown', left);
    rows.push(make('div', 'ssvm-report-fact', make('span', '', words)));
  }
  return make('div', 'ssvm-report-facts', ...rows);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? visible(value, 2000) : '';
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}
