"""What the client can do, looked up once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

from lsprotocol import types as t

from keras_lsp.server.protocol import choose_encoding
from keras_lsp.text.lines import Encoding

MarkupFormat: TypeAlias = Literal["markdown", "plaintext"] | None
"""What a client shows; None for one that says nothing, and so knows only bare strings."""


def _get(value: Any, *path: str) -> Any:
    """The attribute at the end of `path`, `None` where the client says nothing."""
    for name in path:
        if value is None:
            return None
        value = getattr(value, name, None)
    return value


def _strings(value: Any) -> frozenset[str]:
    """A list of the protocol's enumerations as plain strings."""
    return frozenset(str(getattr(item, "value", item)) for item in value or ())


@dataclass(frozen=True)
class Client:
    """Capabilities that change what we answer; each is False where the client says nothing."""

    capabilities: t.ClientCapabilities
    name: str = ""
    encoding: Encoding = "utf-16"
    pulls_diagnostics: bool = False
    diagnostic_related: bool = False
    diagnostic_tags: bool = False
    diagnostic_url: bool = False
    diagnostic_data: bool = False
    diagnostic_version: bool = False
    refresh_diagnostics: bool = False
    refresh_inlay_hints: bool = False
    refresh_code_lenses: bool = False
    hover_format: MarkupFormat = None
    completion_format: MarkupFormat = None
    completion_deprecated: bool = False
    completion_label_details: bool = False
    completion_insert_replace: bool = False
    completion_resolve: frozenset[str] = field(default_factory=frozenset[str])
    signature_format: MarkupFormat = None
    signature_offsets: bool = False
    signature_active_parameter: bool = False
    signature_no_active_parameter: bool = False
    inlay_hint_resolve: frozenset[str] = field(default_factory=frozenset[str])
    code_action_literals: bool = False
    code_action_preferred: bool = False
    code_action_resolve: frozenset[str] = field(default_factory=frozenset[str])
    code_action_data: bool = False
    definition_links: bool = False
    symbol_hierarchy: bool = False
    document_changes: bool = False
    apply_edit: bool = False
    configuration: bool = False
    register_configuration: bool = False
    register_watched_files: bool = False
    progress: bool = False
    show_document: bool = False

    @classmethod
    def of(cls, capabilities: t.ClientCapabilities, name: str = "") -> Client:
        """Read them from what the client sent."""

        def markup(*path: str) -> MarkupFormat:
            formats = _strings(_get(capabilities, "text_document", *path))
            return "markdown" if "markdown" in formats else "plaintext" if formats else None

        def on(*path: str) -> bool:
            return bool(_get(capabilities, *path))

        text, diagnostics = "text_document", ("text_document", "publish_diagnostics")
        pull = _get(capabilities, text, "diagnostic")
        completion = (text, "completion", "completion_item")
        signature = (text, "signature_help", "signature_information")
        return cls(
            capabilities,
            name,
            choose_encoding(capabilities),
            pulls_diagnostics=pull is not None,
            diagnostic_related=on(*diagnostics, "related_information") or bool(_get(pull, "related_information")),
            diagnostic_tags=on(*diagnostics, "tag_support") or bool(_get(pull, "tag_support")),
            diagnostic_url=on(*diagnostics, "code_description_support") or bool(_get(pull, "code_description_support")),
            diagnostic_data=on(*diagnostics, "data_support") or bool(_get(pull, "data_support")),
            diagnostic_version=on(*diagnostics, "version_support"),
            refresh_diagnostics=on("workspace", "diagnostics", "refresh_support"),
            refresh_inlay_hints=on("workspace", "inlay_hint", "refresh_support"),
            refresh_code_lenses=on("workspace", "code_lens", "refresh_support"),
            hover_format=markup("hover", "content_format"),
            completion_format=markup(*completion[1:], "documentation_format"),
            completion_deprecated=on(*completion, "tag_support"),
            completion_label_details=on(*completion, "label_details_support"),
            completion_insert_replace=on(*completion, "insert_replace_support"),
            completion_resolve=_strings(_get(capabilities, *completion, "resolve_support", "properties")),
            signature_format=markup(*signature[1:], "documentation_format"),
            signature_offsets=on(*signature, "parameter_information", "label_offset_support"),
            signature_active_parameter=on(*signature, "active_parameter_support"),
            signature_no_active_parameter=on(*signature, "no_active_parameter_support"),
            inlay_hint_resolve=_strings(_get(capabilities, text, "inlay_hint", "resolve_support", "properties")),
            code_action_literals=on(text, "code_action", "code_action_literal_support"),
            code_action_preferred=on(text, "code_action", "is_preferred_support"),
            code_action_resolve=_strings(_get(capabilities, text, "code_action", "resolve_support", "properties")),
            code_action_data=on(text, "code_action", "data_support"),
            definition_links=on(text, "definition", "link_support"),
            symbol_hierarchy=on(text, "document_symbol", "hierarchical_document_symbol_support"),
            document_changes=on("workspace", "workspace_edit", "document_changes"),
            apply_edit=on("workspace", "apply_edit"),
            configuration=on("workspace", "configuration"),
            register_configuration=on("workspace", "did_change_configuration", "dynamic_registration"),
            register_watched_files=on("workspace", "did_change_watched_files", "dynamic_registration"),
            progress=on("window", "work_done_progress"),
            show_document=on("window", "show_document", "support"),
        )


def kind_matches(kind: str, wanted: Collection[str] | None) -> bool:
    """Whether a code action's kind is one of those asked for, or below one of them; all are when nothing was asked for."""
    if wanted is None:
        return True
    return any(kind == want or want == "" or kind.startswith(want + ".") for want in wanted)


def plain_object(value: Any) -> dict[str, Any]:
    """What a client sent as "any": the object it is, or an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
