using System.Diagnostics;
using MediaRelay.Stun;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn.Allocations;

/// <summary>
/// Permissions and channel bindings of all allocations. Each allocation has a short chain of both (at most 32); what was used last
/// moves to the front, so a stream of packets finds its entry at once.
/// </summary>
internal sealed class PeerTable(RelayState state, AllocationTable allocations)
{
    private readonly Slab<Permission> _permissions = new();
    private readonly Slab<ChannelBinding> _channels = new();

    public int PermissionCount => _permissions.Count;

    public int ChannelCount => _channels.Count;

    public ref Permission Permission(int position) => ref _permissions[position];

    public ref ChannelBinding Channel(int position) => ref _channels[position];

    /// <summary>The live permission for this IP address, or -1. Ports are not compared (RFC 8656 section 9).</summary>
    public int FindPermission(ref Allocation allocation, TransportAddress peer, TimeSpan now)
    {
        var previous = 0;
        for (var link = allocation.FirstPermission; link != 0; link = _permissions[link - 1].Next)
        {
            ref var entry = ref _permissions[link - 1];
            if (entry.Peer.HasSameAddress(peer))
            {
                if (previous != 0)
                {
                    _permissions[previous - 1].Next = entry.Next;
                    entry.Next = allocation.FirstPermission;
                    allocation.FirstPermission = link;
                }

                return entry.Expires > now ? link - 1 : -1;
            }

            previous = link;
        }

        return -1;
    }

    /// <summary>The live binding of a number, or -1.</summary>
    public int FindChannel(ref Allocation allocation, ushort number, TimeSpan now)
    {
        var previous = 0;
        for (var link = allocation.FirstChannel; link != 0; link = _channels[link - 1].Next)
        {
            ref var entry = ref _channels[link - 1];
            if (entry.Number == number)
            {
                MoveChannelToFront(ref allocation, previous, link);
                return entry.Expires > now ? link - 1 : -1;
            }

            previous = link;
        }

        return -1;
    }

    /// <summary>The live binding of a peer's transport address, or -1.</summary>
    public int FindChannel(ref Allocation allocation, TransportAddress peer, TimeSpan now)
    {
        var previous = 0;
        for (var link = allocation.FirstChannel; link != 0; link = _channels[link - 1].Next)
        {
            ref var entry = ref _channels[link - 1];
            if (entry.Peer == peer)
            {
                MoveChannelToFront(ref allocation, previous, link);
                return entry.Expires > now ? link - 1 : -1;
            }

            previous = link;
        }

        return -1;
    }

    /// <summary>Installs or refreshes a permission; false when the allocation has as many as it may.</summary>
    public bool TryPermit(int owner, TransportAddress peer, PeerVerdict verdict, TimeSpan now, List<RelayCommand> commands)
    {
        ref var allocation = ref allocations[owner];
        var position = Live(ref allocation, peer, now, commands);
        if (position < 0)
        {
            if (allocation.PermissionCount >= state.Limits.Permissions)
            {
                return false;
            }

            position = _permissions.Take();
            ref var taken = ref _permissions[position];
            taken.Peer = peer.WithPort(0);
            taken.Allocation = owner;
            taken.Next = allocation.FirstPermission;
            allocation.FirstPermission = position + 1;
            allocation.PermissionCount++;
            taken.Expires = now + state.Limits.PermissionLifetime;
            taken.Timer = state.SetTimer(TimerKind.Permission, position, taken.Expires) + 1;
            Attach(owner, position, commands);
        }

        ref var permission = ref _permissions[position];
        permission.Expires = now + state.Limits.PermissionLifetime;
        permission.ChecksPort = verdict == PeerVerdict.AllowedByPort;
        return true;
    }

    /// <summary>Binds or refreshes a channel whose permission is installed; false when the allocation has as many as it may.</summary>
    public bool TryBind(int owner, ushort number, TransportAddress peer, TimeSpan now, List<RelayCommand> commands)
    {
        ref var allocation = ref allocations[owner];
        var position = FindChannel(ref allocation, number, now);
        if (position < 0)
        {
            RemoveExpiredChannels(owner, number, peer, commands);
            if (allocation.ChannelCount >= state.Limits.Channels)
            {
                return false;
            }

            position = _channels.Take();
            ref var taken = ref _channels[position];
            taken.Number = number;
            taken.Peer = peer;
            taken.Allocation = owner;
            taken.Next = allocation.FirstChannel;
            allocation.FirstChannel = position + 1;
            allocation.ChannelCount++;
            taken.Expires = now + state.Limits.ChannelLifetime;
            taken.Timer = state.SetTimer(TimerKind.Channel, position, taken.Expires) + 1;
            taken.Permission = FindPermission(ref allocation, peer, now) + 1;
            Announce(RelayCommandKind.ChannelBound, ref allocation, ref taken, commands);
        }

        ref var channel = ref _channels[position];
        Debug.Assert(channel.Peer == peer && channel.Permission != 0, "a bound channel has its peer's permission");
        channel.Expires = now + state.Limits.ChannelLifetime;
        return true;
    }

    public void HandlePermissionTimer(int position, TimeSpan now, List<RelayCommand> commands)
    {
        ref var permission = ref _permissions[position];
        permission.Timer = 0;
        if (permission.Expires <= now)
        {
            RemovePermission(position, commands);
        }
        else
        {
            permission.Timer = state.SetTimer(TimerKind.Permission, position, permission.Expires) + 1;
        }
    }

    public void HandleChannelTimer(int position, TimeSpan now, List<RelayCommand> commands)
    {
        ref var channel = ref _channels[position];
        channel.Timer = 0;
        if (channel.Expires <= now)
        {
            RemoveChannel(position, commands);
        }
        else
        {
            channel.Timer = state.SetTimer(TimerKind.Channel, position, channel.Expires) + 1;
        }
    }

    /// <summary>Ends everything of one family, or of both when none is given.</summary>
    public void RemoveAll(int owner, IpFamily family, List<RelayCommand> commands)
    {
        ref var allocation = ref allocations[owner];
        for (var link = allocation.FirstChannel; link != 0;)
        {
            var next = _channels[link - 1].Next;
            if (family == IpFamily.None || _channels[link - 1].Peer.Family == family)
            {
                RemoveChannel(link - 1, commands);
            }

            link = next;
        }

        for (var link = allocation.FirstPermission; link != 0;)
        {
            var next = _permissions[link - 1].Next;
            if (family == IpFamily.None || _permissions[link - 1].Peer.Family == family)
            {
                RemovePermission(link - 1, commands);
            }

            link = next;
        }
    }

    /// <summary>Ends permissions, and with them channels, that a new policy refuses.</summary>
    public void Reconsider(int owner, CredentialKinds kind, PeerFilter filter, List<RelayCommand> commands)
    {
        ref var allocation = ref allocations[owner];
        for (var link = allocation.FirstChannel; link != 0;)
        {
            var next = _channels[link - 1].Next;
            if (!filter.IsAllowed(_channels[link - 1].Peer, kind))
            {
                RemoveChannel(link - 1, commands);
            }

            link = next;
        }

        for (var link = allocation.FirstPermission; link != 0;)
        {
            ref var permission = ref _permissions[link - 1];
            var next = permission.Next;
            var verdict = filter.CheckAddress(permission.Peer, kind);
            permission.ChecksPort = verdict == PeerVerdict.AllowedByPort;
            if (verdict == PeerVerdict.Refused)
            {
                RemovePermission(link - 1, commands);
            }

            link = next;
        }
    }

    public void AnnounceGone(int owner, List<RelayCommand> commands) => AnnounceAll(RelayCommandKind.ChannelGone, owner, commands);

    public void AnnounceBound(int owner, List<RelayCommand> commands) => AnnounceAll(RelayCommandKind.ChannelBound, owner, commands);

    private void AnnounceAll(RelayCommandKind kind, int owner, List<RelayCommand> commands)
    {
        ref var allocation = ref allocations[owner];
        for (var link = allocation.FirstChannel; link != 0; link = _channels[link - 1].Next)
        {
            if (_channels[link - 1].Permission != 0)
            {
                Announce(kind, ref allocation, ref _channels[link - 1], commands);
            }
        }
    }

    private int Live(ref Allocation allocation, TransportAddress peer, TimeSpan now, List<RelayCommand> commands)
    {
        var position = FindPermission(ref allocation, peer, now);
        if (position >= 0 || allocation.FirstPermission == 0)
        {
            return position;
        }

        // An expired entry that the wheel has not collected yet stands in front after the search.
        var first = allocation.FirstPermission - 1;
        if (_permissions[first].Peer.HasSameAddress(peer))
        {
            RemovePermission(first, commands);
        }

        return -1;
    }

    private void RemoveExpiredChannels(int owner, ushort number, TransportAddress peer, List<RelayCommand> commands)
    {
        ref var allocation = ref allocations[owner];
        for (var link = allocation.FirstChannel; link != 0;)
        {
            var next = _channels[link - 1].Next;
            if (_channels[link - 1].Number == number || _channels[link - 1].Peer == peer)
            {
                RemoveChannel(link - 1, commands);
            }

            link = next;
        }
    }

    private void Attach(int owner, int permission, List<RelayCommand> commands)
    {
        ref var allocation = ref allocations[owner];
        for (var link = allocation.FirstChannel; link != 0; link = _channels[link - 1].Next)
        {
            ref var channel = ref _channels[link - 1];
            if (channel.Permission == 0 && channel.Peer.HasSameAddress(_permissions[permission].Peer))
            {
                channel.Permission = permission + 1;
                Announce(RelayCommandKind.ChannelBound, ref allocation, ref channel, commands);
            }
        }
    }

    private void RemovePermission(int position, List<RelayCommand> commands)
    {
        ref var permission = ref _permissions[position];
        ref var allocation = ref allocations[permission.Allocation];
        for (var link = allocation.FirstChannel; link != 0; link = _channels[link - 1].Next)
        {
            ref var channel = ref _channels[link - 1];
            if (channel.Permission == position + 1)
            {
                Announce(RelayCommandKind.ChannelGone, ref allocation, ref channel, commands);
                channel.Permission = 0;
            }
        }

        ref var from = ref allocation.FirstPermission;
        while (from != position + 1)
        {
            from = ref _permissions[from - 1].Next;
        }

        from = permission.Next;
        allocation.PermissionCount--;
        if (permission.Timer != 0)
        {
            state.Wheel.Remove(permission.Timer - 1);
        }

        _permissions.Release(position);
    }

    private void RemoveChannel(int position, List<RelayCommand> commands)
    {
        ref var channel = ref _channels[position];
        ref var allocation = ref allocations[channel.Allocation];
        if (channel.Permission != 0)
        {
            Announce(RelayCommandKind.ChannelGone, ref allocation, ref channel, commands);
        }

        ref var from = ref allocation.FirstChannel;
        while (from != position + 1)
        {
            from = ref _channels[from - 1].Next;
        }

        from = channel.Next;
        allocation.ChannelCount--;
        if (channel.Timer != 0)
        {
            state.Wheel.Remove(channel.Timer - 1);
        }

        _channels.Release(position);
    }

    private void MoveChannelToFront(ref Allocation allocation, int previous, int link)
    {
        if (previous == 0)
        {
            return;
        }

        ref var entry = ref _channels[link - 1];
        _channels[previous - 1].Next = entry.Next;
        entry.Next = allocation.FirstChannel;
        allocation.FirstChannel = link;
    }

    private static void Announce(RelayCommandKind kind, ref Allocation allocation, ref ChannelBinding channel, List<RelayCommand> commands) => commands.Add(new RelayCommand
    {
        Kind = kind,
        Client = allocation.Client,
        Channel = channel.Number,
        Peer = channel.Peer,
        Port = allocation.Of(channel.Peer.Family).Port,
    });
}
