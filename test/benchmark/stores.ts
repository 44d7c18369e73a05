/**
 * Stores of a million entries, filled once for each contender and ending, and read in every round.
 */
import { mkdirSync } from "node:fs"
import type { ContenderId, Ending, Task } from "./model.js"

/** In which store a task works, if it does not make one of its own. */
export const endingOf = (task: Task): Ending | undefined => {
  switch (task.kind) {
    case "open":
      return task.ending
    case "readKey":
    case "replay":
    case "readAt":
    case "memory":
    case "disk":
      return "closed"
    default:
      return undefined
  }
}

/** Answers where the store is, and fills it when it is asked for first. */
export type Stores = (contender: ContenderId, ending: Ending) => Promise<string>

export const makeStores = (
  directory: string,
  fill: (contender: ContenderId, ending: Ending, place: string) => Promise<unknown>
): Stores => {
  const filled = new Map<string, Promise<string>>()
  const make = async (contender: ContenderId, ending: Ending, place: string): Promise<string> => {
    mkdirSync(place, { recursive: true })
    await fill(contender, ending, place)
    return place
  }
  return (contender, ending) => {
    const place = `${directory}/${contender}-${ending}`
    const found = filled.get(place) ?? make(contender, ending, place)
    filled.set(place, found)
    return found
  }
}
