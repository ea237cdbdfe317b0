namespace MediaRelay.Qos.Gates;

/// <summary>An action on the link with this number. Numbers are the engine's for links it dials and the shell's for links it accepts.</summary>
public readonly record struct LinkCommand(LinkAction Action, int Link);
