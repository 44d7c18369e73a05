/**
 * Looks into a log's directory without opening the log: nothing is locked, nothing is written.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Stream from "effect/Stream"
import * as internal from "./internal/log/verify.js"
import type { WalIoError } from "./WalError.js"
import type { SegmentFinding } from "./WalReport.js"

/**
 * Reads every byte of every segment and says of each, oldest first, what is whole, torn, damaged or lost, and what had
 * promised it. It is safe on a log in use, whose unfinished end is not damage.
 *
 * @since 0.1.0
 * @category verification
 * @example
 * import * as WalInspect from "effect-wal/WalInspect"
 * import * as Console from "effect/Console"
 * import * as Stream from "effect/Stream"
 *
 * const report = WalInspect.verify("./orders").pipe(
 *   Stream.filter((finding) => finding.condition === "damaged"),
 *   Stream.runForEach((finding) => Console.log(finding.path, finding.description))
 * )
 */
export const verify: (
  directory: string
) => Stream.Stream<SegmentFinding, WalIoError, FileSystem.FileSystem> = internal.verify
