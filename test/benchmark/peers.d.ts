/**
 * What the benchmark uses of the stores that it compares with, so that it compiles where they are not installed.
 */

declare module "lmdb" {
  export type Key = number | Buffer

  export interface Range {
    readonly start?: Key
    readonly end?: Key
    readonly reverse?: boolean
    readonly limit?: number
  }

  export interface Database {
    readonly put: (key: Key, value: Buffer) => Promise<boolean>
    readonly putSync: (key: Key, value: Buffer) => void
    readonly getBinary: (key: Key) => Buffer | undefined
    readonly getRange: (range: Range) => Iterable<{ readonly key: Key; readonly value: Buffer }>
    readonly flushed: Promise<boolean>
    readonly close: () => Promise<void>
  }

  export const open: (options: {
    readonly path: string
    readonly encoding: "binary"
    readonly keyEncoding: "uint32" | "binary"
    readonly noSync: boolean
  }) => Database
}

declare module "better-sqlite3" {
  class Database {
    constructor(path: string)
    readonly pragma: (text: string) => unknown
    readonly exec: (sql: string) => unknown
    readonly prepare: (sql: string) => Database.Statement
    readonly close: () => void
  }

  namespace Database {
    export interface Statement {
      readonly run: (...parameters: ReadonlyArray<number | Buffer>) => unknown
      readonly get: (...parameters: ReadonlyArray<number | Buffer>) => Buffer | undefined
      readonly all: (...parameters: ReadonlyArray<number | Buffer>) => ReadonlyArray<Buffer>
      readonly iterate: (...parameters: ReadonlyArray<number | Buffer>) => Iterable<Buffer>
      readonly pluck: () => Statement
    }
    export type { Database }
  }

  export default Database
}

declare module "classic-level" {
  export interface WriteOptions {
    readonly sync: boolean
  }

  export class ClassicLevel<Key, Value> {
    constructor(path: string, options: { readonly keyEncoding: "buffer"; readonly valueEncoding: "buffer" })
    readonly open: () => Promise<void>
    readonly close: () => Promise<void>
    readonly put: (key: Key, value: Value, options: WriteOptions) => Promise<void>
    readonly batch: () => {
      readonly put: (key: Key, value: Value) => unknown
      readonly write: (options: WriteOptions) => Promise<void>
    }
    readonly getSync: (key: Key) => Value | undefined
    readonly values: (options: {
      readonly gte?: Key
      readonly lt?: Key
      readonly highWaterMarkBytes: number
    }) => {
      readonly nextv: (size: number) => Promise<ReadonlyArray<Value>>
      readonly close: () => Promise<void>
    }
  }
}

declare module "async-append-only-log" {
  export interface Sink<A> {
    readonly paused: boolean
    readonly write: (item: A) => void
    readonly end: (cause: unknown) => void
  }

  export interface Log {
    readonly append: (data: Buffer | ReadonlyArray<Buffer>, callback: (cause: unknown) => void) => void
    readonly get: (offset: number, callback: (cause: unknown, value: Buffer | undefined) => void) => void
    readonly onDrain: (callback: () => void) => void
    readonly stream: <A>(options: {
      readonly offsets?: boolean
      readonly values?: boolean
    }) => { readonly pipe: (sink: Sink<A>) => void }
    readonly close: (callback: (cause: unknown) => void) => void
  }

  const openLog: (path: string, options: { readonly writeTimeout?: number }) => Log
  export default openLog
}
