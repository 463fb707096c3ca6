"""What a page is made of, read by html.parser."""

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """Tags with their attributes in order; `shape` without values; `texts` of style, script and data blocks."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.faults, self.texts, self.words, self._open = [], [], [], [], []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self._open]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice: {names}")
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID or self.get_starttag_text() is None:
            return
        if self._open[-1:] == [tag]:
            self._open.pop()
        elif not (self.tags[-1][0] == tag and tag not in self._open):
            self.faults.append(f"</{tag}> closes {self._open[-1:]}")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_data(self, data):
        if self._open[-1:] in (["style"], ["script"]):
            self.texts.append((self._open[-1], self.tags[-1][1], data))
        else:
            self.words.append(data)

    def handle_comment(self, data):
        self.faults.append(f"a comment: {data[:40]}")

    def all(self, name):
        """Values of an attribute, wherever it stands."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]

    @property
    def shape(self):
        return [(tag, tuple(attributes)) for tag, attributes in self.tags]
