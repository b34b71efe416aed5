//! Bounds in bytes, depth, elements and text.

/// How much of a file is read before it is refused. The defaults refuse any file within 100 ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes. 2 MiB: the largest real e-invoice seen, with thousands of lines, has 350 kB.
    pub max_bytes: usize,
    /// Deepest nesting of elements.
    pub max_depth: usize,
    /// Most elements in one file.
    pub max_nodes: usize,
    /// Most attributes of one element, namespace declarations among them.
    pub max_attributes: usize,
    /// Most namespace declarations in force at one place.
    pub max_namespaces: usize,
    /// Longest name of an element or attribute, in bytes.
    pub max_name: usize,
    /// Longest text kept of one element, in bytes. Longer text (an embedded file, a signature) is dropped; a field that
    /// needs it is refused.
    pub max_text: usize,
    /// Most lines of one invoice.
    pub max_lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_bytes: 2 * 1024 * 1024,
            max_depth: 64,
            max_nodes: 60_000,
            max_attributes: 64,
            max_namespaces: 128,
            max_name: 256,
            max_text: 16 * 1024,
            max_lines: 5_000,
        }
    }
}
