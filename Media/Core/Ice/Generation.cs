using System.Text;
using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>Everything that a restart makes new (RFC 8445 section 9): credentials, check list, selection.</summary>
internal sealed class Generation
{
    public Generation(IceCredentials local, IceLimits limits)
    {
        Local = local;
        LocalKey = Encoding.ASCII.GetBytes(local.Password);
        LocalFragment = Encoding.ASCII.GetBytes(local.UsernameFragment);
        Checks = new CheckList(this, limits);
    }

    public IceCredentials Local { get; }

    public byte[] LocalKey { get; }

    public byte[] LocalFragment { get; }

    public IceCredentials? Remote { get; private set; }

    public byte[] RemoteKey { get; private set; } = [];

    public byte[] RemoteFragment { get; private set; } = [];

    /// <summary>USERNAME of requests we send.</summary>
    public string Username { get; private set; } = "";

    public bool RemoteIsLite { get; set; }

    public bool RemoteEnded { get; set; }

    /// <summary>When checks could start; null before the peer's credentials are known.</summary>
    public TimeSpan? StartedAt { get; set; }

    public CheckList Checks { get; }

    public List<RemoteCandidate> Remotes { get; } = [];

    /// <summary>Checks that came before the peer's credentials, and told candidates likewise.</summary>
    public List<EarlyCheck> EarlyChecks { get; } = [];

    public List<Candidate> EarlyCandidates { get; } = [];

    /// <summary>The pair that carries data.</summary>
    public CandidatePair? Active { get; set; }

    /// <summary>The nominated pair.</summary>
    public CandidatePair? Nominated { get; set; }

    /// <summary>The pair whose nominating check runs (controlling only).</summary>
    public CandidatePair? Nominating { get; set; }

    public bool HasRemote => Remote is not null;

    public void SetRemote(IceCredentials remote)
    {
        Remote = remote;
        RemoteKey = Encoding.ASCII.GetBytes(remote.Password);
        RemoteFragment = Encoding.ASCII.GetBytes(remote.UsernameFragment);
        Username = $"{remote.UsernameFragment}:{Local.UsernameFragment}";
    }

    public RemoteCandidate? FindRemote(TransportAddress address)
    {
        foreach (var remote in Remotes)
            if (remote.Address == address) return remote;
        return null;
    }
}

/// <summary>A check that was answered before the peer's credentials were known.</summary>
internal readonly record struct EarlyCheck(LocalBase Base, TransportAddress From, uint Priority, bool Nominates, string RemoteFragment);
