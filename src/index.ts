/**
 * A write-ahead log for Effect applications.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as LockOwner from "./LockOwner.js"

/**
 * @since 0.1.0
 */
export * as NanoWal from "./NanoWal.js"

/**
 * @since 0.1.0
 */
export * as TypedWal from "./TypedWal.js"

/**
 * @since 0.1.0
 */
export * as Wal from "./Wal.js"

/**
 * @since 0.1.0
 */
export * as WalConsumer from "./WalConsumer.js"

/**
 * @since 0.1.0
 */
export * as WalEntry from "./WalEntry.js"

/**
 * @since 0.1.0
 */
export * as WalError from "./WalError.js"

/**
 * @since 0.1.0
 */
export * as WalInspect from "./WalInspect.js"

/**
 * @since 0.1.0
 */
export * as WalKeyValueStore from "./WalKeyValueStore.js"

/**
 * @since 0.1.0
 */
export * as WalOptions from "./WalOptions.js"

/**
 * @since 0.1.0
 */
export * as WalReport from "./WalReport.js"
