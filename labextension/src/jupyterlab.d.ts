/*
 * The few names of JupyterLab that are used here.
 *
 * JupyterLab supplies these packages at run time.  Their real declarations would bring some 300 packages to every
 * build, for a few dozen lines that have not changed since JupyterLab 4.0.
 */

declare module '@lumino/coreutils' {
  export class Token<T> {
    constructor(name: string, description?: string);
    readonly name: string;
    private readonly _of: T;
  }
}

declare module '@lumino/signaling' {
  export interface ISignal<T, U> {
    connect(slot: (sender: T, args: U) => void): boolean;
    disconnect(slot: (sender: T, args: U) => void): boolean;
  }
}

declare module '@lumino/widgets' {
  import type { ISignal } from '@lumino/signaling';

  export class Widget {
    constructor(options?: { node?: HTMLElement });
    id: string;
    readonly node: HTMLElement;
    readonly title: { label: string; caption: string; closable: boolean; iconClass: string };
    readonly isDisposed: boolean;
    readonly isVisible: boolean;
    readonly isAttached: boolean;
    readonly disposed: ISignal<this, undefined>;
    addClass(name: string): void;
    dispose(): void;
    hide(): void;
    show(): void;
    protected onAfterShow(message: unknown): void;
    protected onBeforeHide(message: unknown): void;
  }
}

declare module '@jupyterlab/services' {
  import type { ISignal } from '@lumino/signaling';

  export interface IMessage {
    readonly header: { readonly msg_id: string; readonly msg_type: string };
    readonly parent_header: object;
    readonly content: unknown;
  }

  export interface IKernelConnection {
    readonly id: string;
    readonly name: string;
    readonly clientId: string;
    readonly username: string;
    readonly status: string;
    readonly info: Promise<{ readonly implementation: string }>;
    sendControlMessage(
      message: object,
      expectReply?: boolean,
      disposeOnDone?: boolean
    ): { onReply: (message: IMessage) => void; dispose(): void };
    requestExecute(content: { code: string }): unknown;
  }

  export interface ISessionContext {
    readonly path: string;
    readonly session: { readonly kernel: IKernelConnection | null } | null;
    readonly iopubMessage: ISignal<ISessionContext, IMessage>;
    readonly statusChanged: ISignal<ISessionContext, string>;
    readonly kernelChanged: ISignal<ISessionContext, unknown>;
    readonly connectionStatusChanged: ISignal<ISessionContext, string>;
  }
}

declare module '@jupyterlab/application' {
  import type { Widget } from '@lumino/widgets';

  export interface JupyterFrontEnd {
    readonly name: string;
    readonly restored: Promise<void>;
    readonly commands: {
      addCommand(
        id: string,
        options: { label: string; execute: () => unknown; describedBy?: object }
      ): void;
      execute(id: string, args?: object): Promise<unknown>;
    };
    readonly shell: {
      add(widget: Widget, area?: string, options?: { rank?: number; type?: string }): void;
      activateById(id: string): void;
    };
    readonly docRegistry: {
      addFileType(type: object): void;
      addWidgetFactory(factory: object): void;
    };
  }

  export interface JupyterFrontEndPlugin<T> {
    id: string;
    description?: string;
    autoStart?: boolean;
    requires?: readonly unknown[];
    optional?: readonly unknown[];
    provides?: unknown;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- services are passed by token, in `requires` order
    activate(app: JupyterFrontEnd, ...services: any[]): T;
  }
}

declare module '@jupyterlab/apputils' {
  export interface ICommandPalette {
    addItem(item: { command: string; category: string }): void;
  }
  export const ICommandPalette: unknown;
}

declare module '@jupyterlab/translation' {
  export interface TranslationBundle {
    __(text: string, ...args: unknown[]): string;
    _n(one: string, many: string, count: number, ...args: unknown[]): string;
  }
  export interface ITranslator {
    load(domain: string): TranslationBundle;
  }
  export const ITranslator: unknown;
  export const nullTranslator: ITranslator;
}

declare module '@jupyterlab/settingregistry' {
  import type { ISignal } from '@lumino/signaling';

  export interface ISettings {
    readonly composite: Readonly<Record<string, unknown>>;
    readonly changed: ISignal<ISettings, undefined>;
  }
  export interface ISettingRegistry {
    load(plugin: string): Promise<ISettings>;
  }
  export const ISettingRegistry: unknown;
}

declare module '@jupyterlab/statusbar' {
  import type { Widget } from '@lumino/widgets';

  export interface IStatusBar {
    registerStatusItem(
      id: string,
      item: { item: Widget; align: string; rank: number; isActive?: () => boolean }
    ): unknown;
  }
  export const IStatusBar: unknown;
}

declare module '@jupyterlab/notebook' {
  import type { ISessionContext } from '@jupyterlab/services';
  import type { ISignal } from '@lumino/signaling';
  import type { Widget } from '@lumino/widgets';

  export interface ICell {
    readonly model: {
      readonly type: string;
      readonly sharedModel: { getSource(): string; setSource(source: string): void };
    };
  }

  export class NotebookPanel extends Widget {
    readonly sessionContext: ISessionContext;
    readonly context: { readonly path: string; readonly ready: Promise<void> };
    readonly content: {
      readonly widgets: readonly ICell[];
      readonly activeCellIndex: number;
      readonly model: {
        readonly sharedModel: {
          getMetadata(key: string): unknown;
          insertCell(
            index: number,
            cell: { cell_type: string; source: string; metadata?: object }
          ): unknown;
        };
      } | null;
    };
  }

  export interface INotebookTracker {
    readonly currentWidget: NotebookPanel | null;
    readonly widgetAdded: ISignal<INotebookTracker, NotebookPanel>;
    readonly currentChanged: ISignal<INotebookTracker, NotebookPanel | null>;
    forEach(visit: (panel: NotebookPanel) => void): void;
  }
  export const INotebookTracker: unknown;
}

declare module '@jupyterlab/docregistry' {
  import type { ISignal } from '@lumino/signaling';
  import { Widget } from '@lumino/widgets';

  export interface DocumentContext {
    readonly path: string;
    readonly ready: Promise<void>;
    readonly model: {
      toString(): string;
      readonly contentChanged: ISignal<unknown, undefined>;
    };
  }

  export interface FactoryOptions {
    name: string;
    label?: string;
    fileTypes: readonly string[];
    defaultFor?: readonly string[];
    modelName?: string;
    readOnly?: boolean;
  }

  export abstract class ABCWidgetFactory<T> {
    constructor(options: FactoryOptions);
    protected abstract createNewWidget(context: DocumentContext): T;
  }

  export class DocumentWidget<T extends Widget> extends Widget {
    constructor(options: { content: T; context: DocumentContext });
    readonly content: T;
  }
}

declare module '@jupyterlab/rendermime' {
  export interface IRenderMimeRegistry {
    addFactory(factory: object, rank?: number): void;
  }
  export const IRenderMimeRegistry: unknown;
}

declare module '@jupyterlab/codemirror' {
  import type { LanguageSupport } from '@codemirror/language';
  import type { Extension } from '@codemirror/state';

  export interface IConfigurableExtension<T> {
    instance(value: T): Extension;
    reconfigure(value: T): unknown;
  }

  export interface IEditorExtensionFactory<T> {
    readonly name: string;
    readonly default?: T;
    readonly schema?: Readonly<Record<string, unknown>>;
    readonly factory: (options: {
      readonly inline: boolean;
      readonly model: {
        readonly mimeType: string;
        readonly sharedModel: {
          readonly notebook?: {
            readonly cells: readonly { readonly cell_type: string; getSource(): string }[];
          } | null;
        };
      };
    }) => IConfigurableExtension<T>;
  }

  export interface IEditorExtensionRegistry {
    addExtension<T>(factory: IEditorExtensionFactory<T>): void;
  }
  export const IEditorExtensionRegistry: unknown;

  export const EditorExtensionRegistry: {
    createConditionalExtension(extension: Extension): IConfigurableExtension<boolean>;
  };

  export interface IEditorLanguage {
    readonly name: string;
    readonly displayName?: string;
    readonly mime: string;
    readonly extensions?: string[];
    load(): Promise<LanguageSupport>;
  }

  export interface IEditorLanguageRegistry {
    addLanguage(language: IEditorLanguage): void;
    getLanguage(mimeType: string): Promise<{ readonly support?: LanguageSupport } | null>;
  }
  export const IEditorLanguageRegistry: unknown;
}

declare module '*.css';
