namespace MediaRelay.Gateway.Directives;

/// <summary>An action that is to be done now, and the directive that wants it.</summary>
public readonly record struct DueAction(DirectiveBody Directive, DirectiveAction Action);
