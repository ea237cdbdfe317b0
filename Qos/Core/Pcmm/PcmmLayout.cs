namespace MediaRelay.Qos.Pcmm;

/// <summary>How the traffic profiles are laid out: versions 1 and 2 lack attribute masks, concatenated burst and downstream peak rate.</summary>
internal enum PcmmLayout
{
    Current,
    Old,
}
