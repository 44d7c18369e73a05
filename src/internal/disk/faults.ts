/**
 * The rules by which operations go wrong.
 */
import * as Duration from "effect/Duration"
import type { FaultEffect, FaultRule, OperationKind } from "../../testing/SimulatedDisk.js"

/** An operation as rules see it. */
export interface Subject {
  readonly kind: OperationKind
  readonly path: () => string
}

/** What goes wrong with an operation that is not only slow. */
export type Fault = Exclude<FaultEffect, { readonly _tag: "Slow" }>

export class Rule {
  private seen = 0
  private hits = 0
  private readonly kinds: ReadonlySet<OperationKind> | undefined

  constructor(private readonly rule: FaultRule) {
    const on = rule.on ?? kindsOf(rule.effect)
    this.kinds = on === undefined ? undefined : new Set(typeof on === "string" ? [on] : on)
  }

  get effect(): FaultEffect {
    return this.rule.effect
  }

  get count(): number {
    return this.hits
  }

  /** Whether it strikes this operation; counts it. */
  strikes(subject: Subject): boolean {
    if (!this.matches(subject)) return false
    this.seen++
    if (this.seen < (this.rule.from ?? 1) || this.hits >= (this.rule.times ?? Infinity)) return false
    this.hits++
    return true
  }

  private matches(subject: Subject): boolean {
    if (this.kinds !== undefined && !this.kinds.has(subject.kind)) return false
    if (this.rule.path === undefined) return true
    return typeof this.rule.path === "string"
      ? subject.path().endsWith(this.rule.path)
      : this.rule.path(subject.path())
  }
}

export class Rules {
  private readonly rules = new Set<Rule>()

  add(rule: FaultRule): Rule {
    const added = new Rule(rule)
    this.rules.add(added)
    return added
  }

  remove(rule: Rule): void {
    this.rules.delete(rule)
  }

  /** By how many milliseconds an operation that begins now is slowed. */
  delayOf(subject: Subject): number {
    let delay = 0
    for (const rule of this.rules) {
      if (rule.effect._tag === "Slow" && rule.strikes(subject)) delay += Duration.toMillis(rule.effect.duration)
    }
    return delay
  }

  /** What goes wrong with an operation that takes effect now: the first rule that strikes decides, but all of them count it. */
  faultOf(subject: Subject): Fault | undefined {
    let fault: Fault | undefined
    for (const rule of this.rules) {
      if (rule.effect._tag !== "Slow" && rule.strikes(subject)) fault ??= rule.effect
    }
    if (fault?._tag === "ShortWrite" && fault.code !== undefined) this.failNextWrite(subject.path(), fault.code)
    return fault
  }

  private failNextWrite(path: string, code: NonNullable<Extract<Fault, { readonly _tag: "ShortWrite" }>["code"]>) {
    this.add({ on: "write", path: (other) => other === path, times: 1, effect: { _tag: "Fail", code } })
  }
}

const kindsOf = (effect: FaultEffect): OperationKind | undefined => {
  switch (effect._tag) {
    case "ShortRead":
      return "read"
    case "ShortWrite":
      return "write"
    case "FailSync":
      return "sync"
    default:
      return undefined
  }
}
