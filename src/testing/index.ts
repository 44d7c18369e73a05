/**
 * What an application needs to test what it does with its log when the disk fails.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as SimulatedDisk from "./SimulatedDisk.js"
