using MediaRelay.Stun;

namespace MediaRelay.Turn.Peers;

/// <summary>
/// The one function that decides which peers a client may reach: CreatePermission, ChannelBind, Connect, Send and every first
/// datagram pass it. It works on canonical bits with prefix and mask, never on text, and is immutable.
/// </summary>
/// <remarks>
/// Order: 1. what is never open (unspecified, loopback, link-local, multicast, broadcast, IPv4 in IPv6 clothes); 2. our own
/// addresses and back ends, where only relay ports are open; 3. the operator's rule with the longest prefix; 4. the built-in
/// ranges; 5. the IPv4 address inside a NAT64, 6to4, Teredo or ISATAP address passes 1 to 4 as well.
/// </remarks>
public sealed class PeerFilter
{
    private readonly PeerRule[] _rules;
    private readonly HashSet<UInt128> _own;
    private readonly HashSet<UInt128> _relays;
    private readonly HashSet<(UInt128 Address, ushort Port)> _closedPorts;
    private readonly HashSet<UInt128> _closedPortAddresses;
    private readonly PeerPrefix[] _nat64;
    private readonly ushort _portMin;
    private readonly ushort _portMax;
    private readonly bool _opensLoopback;

    public PeerFilter(PeerPolicy policy)
    {
        _rules = [.. policy.Rules.OrderByDescending(r => r.Prefix.Length).ThenBy(r => r.IsAllowed)];
        _relays = [.. policy.RelayAddresses.Select(Canonical)];
        _own = [.. policy.OwnAddresses.Concat(policy.Listeners.Where(l => !l.IsUnspecified)).Select(Canonical), .. _relays];
        _own.UnionWith(policy.BackEnds.Where(b => b.Port == 0).Select(Canonical));
        _closedPorts = [.. policy.Listeners.Concat(policy.BackEnds).Where(e => e.Port != 0 && !e.IsUnspecified).Select(e => (Canonical(e), e.Port))];

        // A wildcard listener closes its port on every address of the node.
        foreach (var listener in policy.Listeners.Where(l => l.IsUnspecified))
        {
            _closedPorts.UnionWith(_own.Select(address => (address, listener.Port)));
        }

        _closedPortAddresses = [.. _closedPorts.Select(p => p.Address)];
        _nat64 = [.. policy.Nat64Prefixes];
        _portMin = policy.RelayPortMin;
        _portMax = policy.RelayPortMax;
        _opensLoopback = policy.OpensLoopback;
    }

    /// <summary>The policy's lengths and combinations that cannot be meant, as sentences; empty when all is well.</summary>
    public static IEnumerable<string> Faults(PeerPolicy policy)
    {
        foreach (var rule in policy.Rules.Where(r => r.IsAllowed && r.Prefix.Length > 0))
        {
            var fixedRanges = rule.Prefix.Family == IpFamily.V4 ? RefusedRanges.V4Fixed : RefusedRanges.V6Fixed;
            foreach (var range in fixedRanges.Where(r => r.Length <= rule.Prefix.Length && r.Contains(rule.Prefix.Bits)))
            {
                yield return $"AllowedPeers contains {rule.Prefix}, which lies in {range} and can never be opened. Remove the entry.";
            }
        }

        foreach (var prefix in policy.Nat64Prefixes.Where(p => p.Family != IpFamily.V6 || p.Length is not (32 or 40 or 48 or 56 or 64 or 96)))
        {
            yield return $"Nat64Prefixes contains {prefix}; a NAT64 prefix is IPv6 with length 32, 40, 48, 56, 64 or 96, e.g. 64:ff9b::/96.";
        }
    }

    /// <summary>May this address be a peer at all? Ports are not looked at: for permissions.</summary>
    public PeerVerdict CheckAddress(TransportAddress peer, CredentialKinds kind = CredentialKinds.All)
    {
        if (peer.IsNone || IsNeverOpen(peer))
        {
            return PeerVerdict.Refused;
        }

        var canonical = Canonical(peer);
        if (_own.Contains(canonical))
        {
            return _relays.Contains(canonical) && !IsDenied(peer, kind) ? PeerVerdict.AllowedByPort : PeerVerdict.Refused;
        }

        if (!IsOpen(peer, kind))
        {
            return PeerVerdict.Refused;
        }

        return _closedPortAddresses.Contains(canonical) ? PeerVerdict.AllowedByPort : PeerVerdict.Allowed;
    }

    /// <summary>May datagrams or a connection go to (or come from) exactly this address and port?</summary>
    public bool IsAllowed(TransportAddress peer, CredentialKinds kind = CredentialKinds.All) =>
        peer.Port != 0 && CheckAddress(peer, kind) switch
        {
            PeerVerdict.Allowed => true,
            PeerVerdict.AllowedByPort => IsOpenPort(peer),
            _ => false,
        };

    /// <summary>The port part of <see cref="PeerVerdict.AllowedByPort"/>.</summary>
    public bool IsOpenPort(TransportAddress peer)
    {
        var canonical = Canonical(peer);
        return peer.Port != 0
            && !_closedPorts.Contains((canonical, peer.Port))
            && (!_own.Contains(canonical) || (peer.Port >= _portMin && peer.Port <= _portMax));
    }

    private static UInt128 Canonical(TransportAddress address) =>
        address.IsV4 ? ((UInt128)0xFFFF << 32) | address.Bits : address.Bits;

    private bool IsNeverOpen(TransportAddress peer)
    {
        if (_opensLoopback && peer.IsLoopback)
        {
            return false;
        }

        return RefusedRanges.Contains(peer.IsV4 ? RefusedRanges.V4Fixed : RefusedRanges.V6Fixed, peer.Bits);
    }

    private bool IsOpen(TransportAddress peer, CredentialKinds kind)
    {
        var rule = RuleFor(peer, kind);
        if (rule is { IsAllowed: false })
        {
            return false;
        }

        if (peer.IsV4)
        {
            return rule is not null || (_opensLoopback && peer.IsLoopback) || !RefusedRanges.Contains(RefusedRanges.V4, peer.Bits);
        }

        foreach (ref readonly var prefix in _nat64.AsSpan())
        {
            if (prefix.Contains(peer.Bits))
            {
                return IsEmbeddedOpen(EmbeddedAddress.OfNat64(peer.Bits, prefix.Length), kind);
            }
        }

        if (EmbeddedAddress.TryGetTunnel(peer.Bits, out var embedded) && !IsEmbeddedOpen(embedded, kind))
        {
            return false;
        }

        if (rule is null)
        {
            return (_opensLoopback && peer.IsLoopback)
                || (RefusedRanges.V6Global.Contains(peer.Bits) && !RefusedRanges.Contains(RefusedRanges.V6, peer.Bits));
        }

        // A rule may open the translator's ranges, but not an IPv4 address behind them that is closed itself.
        return !RefusedRanges.WellKnownNat64.Contains(peer.Bits) && !RefusedRanges.LocalNat64.Contains(peer.Bits)
            || IsEmbeddedOpen(EmbeddedAddress.OfNat64(peer.Bits, 96), kind);
    }

    private bool IsEmbeddedOpen(uint v4, CredentialKinds kind)
    {
        var address = TransportAddress.V4(v4, 0);
        return !RefusedRanges.Contains(RefusedRanges.V4Fixed, v4) && !_own.Contains(Canonical(address)) && IsOpen(address, kind);
    }

    private bool IsDenied(TransportAddress peer, CredentialKinds kind) => RuleFor(peer, kind) is { IsAllowed: false };

    private PeerRule? RuleFor(TransportAddress peer, CredentialKinds kind)
    {
        foreach (ref readonly var rule in _rules.AsSpan())
        {
            if ((rule.Kinds & kind) != 0 && rule.Prefix.Contains(peer))
            {
                return rule;
            }
        }

        return null;
    }
}
