"""Reads Swift sources well enough for the checks: strings and comments told apart from code."""

import os
import pathlib

SKIPPED_FOLDERS = {".git", ".venv", "node_modules", "__pycache__"}


def sources(root, below):
    """Hand-written Swift files under a folder, sorted; generated ones (*.pb.swift) left out."""
    found = []
    for folder, folders, files in os.walk(pathlib.Path(root) / below):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith(".build"))
        found += [pathlib.Path(folder) / f for f in sorted(files) if f.endswith(".swift") and not f.endswith(".pb.swift")]
    return found


def masked(text):
    """The same text, same length and lines, with comments, strings and `raw names` made blank."""
    return _Masker(text).run()


class _Masker:
    def __init__(self, text):
        self.text = text
        self.out = list(text)
        self.at = 0

    def run(self):
        self.code(stop_at_paren=False)
        return "".join(self.out)

    def blank(self, start, end):
        for i in range(start, min(end, len(self.text))):
            if self.out[i] != "\n":
                self.out[i] = " "

    def code(self, stop_at_paren):
        """Walks code; inside an interpolation it ends after the closing parenthesis."""
        depth = 0
        while self.at < len(self.text):
            start, text = self.at, self.text
            if text.startswith("//", start):
                end = text.find("\n", start)
                self.at = len(text) if end < 0 else end
                self.blank(start, self.at)
            elif text.startswith("/*", start):
                self.block_comment()
            elif text[start] == "`":
                end = text.find("`", start + 1)
                self.at = len(text) if end < 0 else end + 1
                # A plain identifier in backticks stays readable; a sentence does not count as code.
                if not text[start + 1 : self.at - 1].isidentifier():
                    self.blank(start, self.at)
            elif text[start] == '"' or (text[start] == "#" and text[start:].lstrip("#").startswith('"')):
                self.string()
            else:
                depth += {"(": 1, ")": -1}.get(text[start], 0)
                self.at += 1
                if stop_at_paren and depth < 0:
                    return

    def block_comment(self):
        start, depth = self.at, 0
        while self.at < len(self.text):
            if self.text.startswith("/*", self.at):
                depth, self.at = depth + 1, self.at + 2
            elif self.text.startswith("*/", self.at):
                depth, self.at = depth - 1, self.at + 2
                if depth == 0:
                    break
            else:
                self.at += 1
        self.blank(start, self.at)

    def string(self):
        start = self.at
        while self.text[self.at] == "#":
            self.at += 1
        hashes = "#" * (self.at - start)
        quote = '"""' if self.text.startswith('"""', self.at) else '"'
        self.at += len(quote)
        self.blank(start, self.at)
        while self.at < len(self.text):
            here = self.at
            if self.text.startswith(quote + hashes, here):
                self.at += len(quote + hashes)
                self.blank(here, self.at)
                return
            if self.text.startswith("\\" + hashes + "(", here):
                self.at += len(hashes) + 2
                self.blank(here, self.at)
                self.code(stop_at_paren=True)
                self.blank(self.at - 1, self.at)
            elif self.text.startswith("\\" + hashes, here):
                self.at += len(hashes) + 2
                self.blank(here, self.at)
            elif quote == '"' and self.text[here] == "\n":
                return  # unterminated: the compiler will say so
            else:
                self.at += 1
                self.blank(here, self.at)


def matching_brace(code, opening):
    """The index of the brace that closes the one at `opening`, in masked code; None when there is none."""
    depth = 0
    for i in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[i], 0)
        if depth == 0:
            return i
    return None


def line_of(text, index):
    return text.count("\n", 0, index) + 1
