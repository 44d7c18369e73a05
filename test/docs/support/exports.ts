/**
 * Whether the public modules say of each export since when there is it.
 */
import ts from "typescript"
import { projectOptions } from "./typeCheck.js"

/** The exports without a doc comment with `@since`, each as `file:line: name`. */
export const undocumentedExports = (root: string, files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const program = ts.createProgram({ rootNames: files.map((file) => `${root}/${file}`), options: projectOptions(root) })
  return files.flatMap((file) => {
    const source = program.getSourceFile(`${root}/${file}`)
    return source === undefined ? [`${file}: not found`] : undocumentedIn(file, source, program.getTypeChecker())
  })
}

const undocumentedIn = (file: string, source: ts.SourceFile, checker: ts.TypeChecker): ReadonlyArray<string> => {
  const module = checker.getSymbolAtLocation(source)
  const declared = module === undefined ?
    [] :
    checker.getExportsOfModule(module).flatMap((symbol) =>
      (symbol.declarations ?? [])
        .filter((declaration) => declaration.getSourceFile() === source && !isDocumented(declaration))
        .map((declaration) => `${file}:${lineOf(source, declaration)}: ${symbol.name}`)
    )
  return hasHeader(source) ? declared : [`${file}:1: the module itself`, ...declared]
}

const isDocumented = (declaration: ts.Node): boolean =>
  ts.getJSDocTags(statementOf(declaration)).some(({ tagName }) =>
    tagName.text === "since" || tagName.text === "internal"
  )

const statementOf = (node: ts.Node): ts.Node => ts.isSourceFile(node.parent) ? node : statementOf(node.parent)

const lineOf = (source: ts.SourceFile, node: ts.Node): number =>
  source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1

const hasHeader = (source: ts.SourceFile): boolean => /^\/\*\*(?:(?!\*\/)[^])*@since /.test(source.text)
