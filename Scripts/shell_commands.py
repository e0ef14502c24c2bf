"""Finds the external commands that bash scripts and Python scripts call.

Not a shell: it knows as much of the grammar as the project's own scripts use, and it errs towards reporting
a word as a command, never towards hiding one.
"""

import re

BUILTINS = set(
    ". : [ alias bg break builtin cd command continue declare dirs echo eval exec exit export false fg getopts hash help "
    "jobs kill let local mapfile popd printf pushd pwd read readarray readonly return set shift shopt source test times "
    "trap true type typeset ulimit umask unalias unset wait".split()
)
KEYWORDS = set("if then else elif fi for while until do done case esac in function select time ! { } [[ ]] coproc".split())
# Commands that run the command in their arguments, with the options of theirs that take a value.
WRAPPERS = {"exec": set(), "env": {"-u"}, "xargs": {"-n", "-P", "-I", "-L", "-d"}, "sudo": {"-u"}, "nice": {"-n"},
            "timeout": {"-s", "-k"}, "time": set(), "command": set(), "builtin": set(), "phase": set(), "as_root": set(), "nohup": set()}
SEPARATOR = re.compile(r"\$\(\(.*?\)\)|\|\||&&|;;|\|&|[|&;\n(){}]|`")
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*(\[[^\]]*\])?\+?=")
REDIRECT = re.compile(r"^\d*(>>|>&|<&|<<<|>|<|&>)")
FUNCTION = re.compile(r"(?m)^\s*(?:function\s+)?([A-Za-z_][\w-]*)\s*\(\)")
HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
CASE_PATTERN = re.compile(r"(?m)^[ \t]*[^\s()=;]*(?:[ \t]*\|[ \t]*[^\s()=;]*)*\)")
ARRAY = re.compile(r"\b[A-Za-z_]\w*\+?=\([^()]*\)")
ARRAY_COMMAND = re.compile(r"(?m)^\s*[A-Za-z_]\w*=\(\s*([a-z][\w.+-]*)\s")
PYTHON_CALL = re.compile(r"(?:subprocess\.\w+|command\s*=)\s*\(?\s*\[\s*[\"']([^\"']+)[\"']")


def functions_of(text):
    return set(FUNCTION.findall(text))


def in_shell(text, functions):
    """Pairs (line, command) of external commands in a bash script; `functions` are those it may call."""
    for number, words in _commands(_without_text(text)):
        name = _command_name(words, functions)
        if name and name not in functions:
            yield number, name
    # Arrays that hold a command, such as TEST=(swift test).
    for match in ARRAY_COMMAND.finditer(text):
        yield text.count("\n", 0, match.start(1)) + 1, match.group(1)


def in_python(text):
    for match in PYTHON_CALL.finditer(text):
        yield text.count("\n", 0, match.start(1)) + 1, match.group(1)


def _without_text(text):
    """The script with here-documents, comments and single-quoted strings gone and the commands inside "$(…)" laid bare."""
    lines, end = [], None
    for line in text.split("\n"):
        if end is not None:
            if line.strip() == end:
                end = None
            lines.append("")
            continue
        match = HEREDOC.search(line)
        end = match.group(2) if match else None
        lines.append(HEREDOC.sub("", line) if match else line)
    return _Unquoter("\n".join(lines)).run()


class _Unquoter:
    def __init__(self, text):
        self.text, self.at, self.out = text, 0, []

    def run(self):
        self.code(closing=None)
        return "".join(self.out)

    def emit(self, piece):
        self.out.append(piece)

    def code(self, closing):
        depth = 0
        while self.at < len(self.text):
            here = self.text[self.at]
            if here == "\\":
                self.emit(" " if self.text[self.at + 1 : self.at + 2] == "\n" else "X")
                self.at += 2
            elif here == "'":
                self.single_quoted()
            elif here == '"':
                self.double_quoted()
            elif self.text.startswith("$((", self.at):
                self.at = self.text.index("))", self.at) + 2
                self.emit("X")
            elif here == "#" and (self.at == 0 or self.text[self.at - 1] in " \t\n;("):
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text.startswith("${", self.at):
                self.parameter()
            else:
                depth += {"(": 1, ")": -1}.get(here, 0)
                self.emit(here)
                self.at += 1
                if closing and depth < 0:
                    return

    def single_quoted(self):
        end = self.text.find("'", self.at + 1)
        end = len(self.text) if end < 0 else end
        # A line break inside quotes starts no command: \v counts the line without ending the words.
        self.emit("X" + "\v" * self.text.count("\n", self.at, end))
        self.at = end + 1

    def double_quoted(self):
        self.at += 1
        word = []
        while self.at < len(self.text) and self.text[self.at] != '"':
            if self.text[self.at] == "\\":
                self.at += 2
            elif self.text.startswith("$((", self.at):
                self.at = self.text.index("))", self.at) + 2
                word.append("X")
            elif self.text.startswith("$(", self.at):
                inner = _Unquoter(self.text)
                inner.at = self.at + 2
                inner.code(closing=")")
                self.at = inner.at
                word.append("$(" + "".join(inner.out))
            elif self.text.startswith("${", self.at):
                self.parameter()
                word.append(self.out.pop())
            else:
                here = self.text[self.at]
                word.append("\v" if here == "\n" else here if here in "$/_-" or here.isalnum() else "X")
                self.at += 1
        self.at += 1
        self.emit("".join(word) or "X")

    def parameter(self):
        depth, start = 0, self.at
        while self.at < len(self.text):
            depth += {"{": 1, "}": -1}.get(self.text[self.at], 0)
            self.at += 1
            if depth == 0 and self.at > start + 1:
                break
        self.emit("$X")


def _commands(text):
    """Splits unquoted code at everything after which a command can begin."""
    # A line that closes a parenthesis it never opened begins with the pattern of a case.
    text = CASE_PATTERN.sub("", ARRAY.sub(lambda m: "\n" * m.group(0).count("\n"), text))
    line, start = 1, 0
    for match in list(SEPARATOR.finditer(text)) + [None]:
        piece = text[start : match.start() if match else len(text)]
        words = piece.replace("\v", " ").split()
        if words:
            yield line, words
        line += piece.count("\n") + piece.count("\v")
        if match:
            line += match.group(0).count("\n")
            start = match.end()


def _command_name(words, functions):
    words = list(words)
    while words:
        word = words[0]
        if word in ("for", "select", "function"):
            return None
        if word in KEYWORDS and word != "time":
            if word in ("[[", "case", "esac", "in"):
                return None
            words.pop(0)
        elif ASSIGNMENT.match(word):
            words.pop(0)
        elif REDIRECT.match(word):
            words = words[2:] if REDIRECT.fullmatch(word) else words[1:]
        elif word in WRAPPERS and (word in functions or word in BUILTINS | KEYWORDS or len(words) > 1):
            words = _unwrap(words)
        else:
            return word if _is_external(word) else None
    return None


def _unwrap(words):
    wrapper, rest = words[0], words[1:]
    if wrapper == "command" and rest[:1] == ["-v"]:
        return []
    if wrapper == "phase":
        return rest[1:] if len(rest) > 1 else []
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in WRAPPERS[wrapper] else rest[1:]
    if wrapper == "timeout":
        rest = rest[1:]
    return rest


def _is_external(word):
    """Names with a variable or a folder are the project's own files, or what the caller passed in."""
    return word not in BUILTINS and re.fullmatch(r"[A-Za-z_][\w.+-]*", word) is not None and word != "X"
