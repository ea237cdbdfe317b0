using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <summary>One cable modem: its service flows by gate, and whether it answers.</summary>
internal sealed class Modem(SubscriberId address, bool isDocsis10)
{
    public SubscriberId Address { get; } = address;

    public bool IsDocsis10 { get; } = isDocsis10;

    public bool IsOnline { get; set; } = true;

    /// <summary>Upstream service flows in use.</summary>
    public int Sids { get; set; }

    public List<EmulatedGate> Gates { get; } = [];
}
