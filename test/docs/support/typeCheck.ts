/**
 * The TypeScript compiler over code that is in no file of its own.
 */
import ts from "typescript"
import type { Snippet } from "./extract.js"

/** The project's options, so that what the documentation shows is held to the rules of the source. */
export const projectOptions = (root: string): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile)
  return ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, root).options
}

/** One line for each error, which begins with the file and the line that show the snippet. */
export const typeErrors = (root: string, snippets: ReadonlyArray<Snippet>): ReadonlyArray<string> => {
  const modules = new Map(snippets.map((snippet) => [moduleName(root, snippet), snippet]))
  // A snippet ends where the reader's own program begins, so it may leave things unused.
  const options = { ...projectOptions(root), noUnusedLocals: false, noUnusedParameters: false }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  const textOf = (name: string) => {
    const snippet = modules.get(name)
    // As many empty lines before the code as there are in its file, so that line numbers are the file's.
    return snippet === undefined ? undefined : "\n".repeat(snippet.line - 1) + snippet.code
  }
  host.fileExists = (name) => modules.has(name) || fileExists(name)
  host.readFile = (name) => textOf(name) ?? readFile(name)
  const program = ts.createProgram({ rootNames: [...modules.keys()], options, host })
  return [...modules].flatMap(([name, { file }]) =>
    diagnosticsOf(program, program.getSourceFile(name)).map((diagnostic) => describe(file, diagnostic))
  )
}

/** Beside the project's folders, so that packages are found as they are from there. */
const moduleName = (root: string, { file, line }: Snippet): string => `${root}/snippets/${file}.${line}.ts`

const diagnosticsOf = (program: ts.Program, source: ts.SourceFile | undefined): ReadonlyArray<ts.Diagnostic> => [
  ...program.getSyntacticDiagnostics(source),
  ...program.getSemanticDiagnostics(source)
]

const describe = (file: string, { file: source, messageText, start = 0 }: ts.Diagnostic): string => {
  const line = source === undefined ? 0 : source.getLineAndCharacterOfPosition(start).line
  return `${file}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`
}
