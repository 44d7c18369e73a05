/**
 * Group commit by hand: appends that wait at the same time share one commit and one promise.
 */

interface Group {
  readonly indices: Array<number>
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (cause: unknown) => void
}

/** Commits the entries with these indices. */
export type Commit = (indices: ReadonlyArray<number>) => Promise<void> | undefined

/** `schedule` says when a commit begins after the first append of a group, if none is under way. */
export const groupCommit = (commit: Commit, schedule: (start: () => void) => void) => {
  let filling: Group | undefined
  let isBusy = false

  const start = (): void => {
    const group = filling
    filling = undefined
    if (group === undefined) {
      isBusy = false
      return
    }
    const committing = commit(group.indices)
    if (committing === undefined) {
      isBusy = false
      group.resolve()
    } else {
      void committing.then(group.resolve, group.reject).then(start)
    }
  }

  return (index: number): Promise<void> => {
    filling ??= newGroup()
    filling.indices.push(index)
    if (!isBusy) {
      isBusy = true
      schedule(start)
    }
    return filling.promise
  }
}

const newGroup = (): Group => {
  let settle: Pick<Group, "resolve" | "reject"> = { resolve: () => undefined, reject: () => undefined }
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { indices: [], promise, ...settle }
}
