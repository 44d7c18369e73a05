/**
 * What makes a log faster on Node.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as NodeWal from "./NodeWal.js"
