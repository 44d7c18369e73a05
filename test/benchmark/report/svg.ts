/**
 * Just enough of SVG for charts that stand alone and can be read on light and on dark pages.
 */

type Attributes = Readonly<Record<string, string | number>>

export const element = (name: string, attributes: Attributes, ...children: ReadonlyArray<string>): string => {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(shortened(value))}"`).join("")
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join("")}</${name}>`
}

export const text = (x: number, y: number, kind: string, content: string): string =>
  element("text", { x, y, class: kind }, escaped(content))

export const line = (x1: number, y1: number, x2: number, y2: number, kind: string): string =>
  element("line", { x1, y1, x2, y2, class: kind })

export const rectangle = (x: number, y: number, width: number, height: number, kind: string): string =>
  element("rect", { x, y, width, height, class: kind, rx: 2 })

/** A whole picture; `title` is read aloud where it cannot be seen. */
export const picture = (width: number, height: number, title: string, ...parts: ReadonlyArray<string>): string =>
  `${
    element(
      "svg",
      { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
      "\n",
      element("title", {}, escaped(title)),
      "\n",
      element("style", {}, STYLE),
      "\n",
      rectangle(0, 0, width, height, "page"),
      "\n",
      parts.join("\n"),
      "\n"
    )
  }\n`

const shortened = (value: string | number): string =>
  typeof value === "number" ? String(Math.round(value * 10) / 10) : value

const escaped = (content: string): string =>
  content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

const STYLE = `
text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.page { fill: #ffffff }
.title { font-weight: 600 }
.end { text-anchor: end }
.middle { text-anchor: middle }
.faint { fill: #59636e }
.number { fill: #59636e; stroke: #ffffff; stroke-width: 4; paint-order: stroke }
.strong { font-weight: 600 }
.raw { fill: #818b98 }
.peer { fill: #b1bac4 }
.ours { fill: #0969da }
.grid { stroke: #e3e8ed }
.limit { stroke: #818b98; stroke-dasharray: 3 3 }
.whisker { stroke: #1f2328; stroke-width: 1.5 }
.cut { stroke: #ffffff; stroke-width: 4 }
.curve { stroke: #0969da; stroke-width: 2; fill: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.page { fill: #0d1117 }
.faint { fill: #9198a1 }
.number { fill: #9198a1; stroke: #0d1117 }
.raw { fill: #8b949e }
.peer { fill: #545d68 }
.ours { fill: #4493f8 }
.grid { stroke: #21262d }
.limit { stroke: #8b949e }
.whisker { stroke: #e6edf3 }
.cut { stroke: #0d1117 }
.curve { stroke: #4493f8 }
}
`
