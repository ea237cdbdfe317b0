using System.Security.Cryptography;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>
/// An enforcement point's end of one connection: the COPS session, what the decision point declared by PDP-Config, and the reports
/// whose receipt it has not confirmed.
/// </summary>
internal sealed class PepAssociation
{
    public PepAssociation(int link, string peer, CopsSettings settings, RandomNumberGenerator random, TimeSpan now)
    {
        Link = link;
        Peer = peer;
        Connection = new CopsConnection(CopsRole.EnforcementPoint, settings, random, now);
    }

    public int Link { get; }

    /// <summary>The decision point's address without port.</summary>
    public string Peer { get; }

    public CopsConnection Connection { get; }

    /// <summary>Whether PDP-Config was accepted: synchronisation and receipt keys may be used.</summary>
    public bool IsConfigured { get; private set; }

    public Psid? Psid { get; private set; }

    public HashSet<uint> Amids { get; } = [];

    /// <summary>Keys of reports that wait for a Msg-Receipt, oldest first.</summary>
    public Queue<uint> Unconfirmed { get; } = new();

    /// <summary>Notes a key; a peer that never confirms costs no more than so many.</summary>
    public void Await(uint key)
    {
        const int most = 10_000;
        if (Unconfirmed.Count >= most) Unconfirmed.Dequeue();
        Unconfirmed.Enqueue(key);
    }

    /// <summary>Commands of this peer that wait for an answer.</summary>
    public int Outstanding { get; set; }

    /// <summary>Whether a command has come; PDP-Config must be the first.</summary>
    public bool HasCommand { get; set; }

    /// <summary>Whether the CMTS knew this PSID from an earlier connection.</summary>
    public bool HadState { get; set; }

    /// <summary>Whether a full synchronisation was asked for on this connection.</summary>
    public bool HasSynchronised { get; set; }

    public void Configure(Psid? psid)
    {
        IsConfigured = true;
        Psid = psid;
    }
}
