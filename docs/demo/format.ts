/**
 * Numbers as a person reads them.
 */
import * as Duration from "effect/Duration"

export const count = (value: number): string => Math.round(value).toLocaleString("en-US")

export const time = (duration: Duration.DurationInput): string => {
  const millis = Duration.toMillis(duration)
  return millis < 1000 ? `${Math.max(1, Math.round(millis))} ms` : `${(millis / 1000).toFixed(1)} s`
}

export const size = (bytes: number): string =>
  bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`

/** `3 flights`, `1 flight`. */
export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`

export const bar = (part: number, whole: number, width: number): string => {
  const filled = whole <= 0 ? 0 : Math.min(width, Math.ceil((part / whole) * width))
  return "█".repeat(filled) + "░".repeat(width - filled)
}
