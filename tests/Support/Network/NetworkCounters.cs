namespace MediaRelay.Tests.Support.Network;

/// <summary>What the virtual network did with datagrams.</summary>
public sealed class NetworkCounters
{
    /// <summary>Datagrams handed to the network.</summary>
    public long Sent { get; internal set; }

    /// <summary>Datagrams handed to a socket, duplicates included.</summary>
    public long Delivered { get; internal set; }

    /// <summary>Dropped by the loss probability or a test's filter.</summary>
    public long Lost { get; internal set; }

    /// <summary>Extra copies made.</summary>
    public long Duplicated { get; internal set; }

    /// <summary>Dropped because of their size.</summary>
    public long TooBig { get; internal set; }

    /// <summary>Dropped by a NAT: blocked, filtered or no mapping.</summary>
    public long Filtered { get; internal set; }

    /// <summary>No such address or no socket at the port.</summary>
    public long Unreachable { get; internal set; }
}
