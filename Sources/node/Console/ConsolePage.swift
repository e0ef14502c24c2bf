/// The web console: a static page and what it needs; all of it from the node itself, nothing from elsewhere.
package enum ConsolePage {
    /// One file as it is served.
    package struct File: Sendable {
        package let path: String
        package let contentType: String
        package let bytes: [UInt8]
    }

    /// No script or style but our own files; no frames; no forms to elsewhere. Chart.js sets styles through the DOM, which is allowed.
    package static let contentSecurityPolicy = """
        default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'
        """

    package static let files = [
        File(path: "/", contentType: "text/html; charset=utf-8", bytes: PackageResources.console_html),
        File(path: "/console.css", contentType: "text/css; charset=utf-8", bytes: PackageResources.console_css),
        File(path: "/console.js", contentType: "text/javascript; charset=utf-8", bytes: PackageResources.console_js),
        File(path: "/chart.js", contentType: "text/javascript; charset=utf-8", bytes: Array(ChartScript.text.utf8)),
    ]
}
