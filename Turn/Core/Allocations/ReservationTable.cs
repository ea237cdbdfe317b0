using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.Allocations;

/// <summary>Ports reserved by EVEN-PORT until a RESERVATION-TOKEN claims them (RFC 8656 section 7.2). Few at a time.</summary>
internal sealed class ReservationTable(RelayState state)
{
    private readonly Dictionary<ulong, Reservation> _byToken = [];
    private readonly Dictionary<int, ulong> _byPort = [];

    public int Count => _byToken.Count;

    /// <summary>Reserves a port and gives its token: the shard's number, then 56 random bits.</summary>
    public ulong Add(RelayPort port, TimeSpan expires)
    {
        Span<byte> random = stackalloc byte[8];
        state.Random.Fill(random);
        var token = ((ulong)state.Settings.Shard << 56) | (BitConverter.ToUInt64(random) >> 8) | 1;
        _byToken[token] = new Reservation(port, expires, state.SetTimer(TimerKind.Reservation, port.Key, expires));
        _byPort[port.Key] = token;
        return token;
    }

    public bool TryFind(ulong token, TimeSpan now, out RelayPort port)
    {
        var found = _byToken.TryGetValue(token, out var reservation) && reservation.Expires > now;
        port = reservation.Port;
        return found;
    }

    /// <summary>The port now belongs to an allocation; the token is used up.</summary>
    public void Claim(ulong token, int holder)
    {
        var reservation = Take(token);
        state.Wheel.Remove(reservation.Timer);
        state.Ports[reservation.Port.AddressIndex].Claim(reservation.Port.Port, holder);
    }

    /// <summary>Gives a reservation up, if it is still open.</summary>
    public void Cancel(ulong token, TimeSpan now, List<RelayCommand> commands)
    {
        if (_byToken.TryGetValue(token, out var reservation))
        {
            state.Wheel.Remove(reservation.Timer);
            Free(token, now, commands);
        }
    }

    public void HandleTimer(int portKey, TimeSpan now, List<RelayCommand> commands)
    {
        if (_byPort.TryGetValue(portKey, out var token))
        {
            Free(token, now, commands);
        }
    }

    /// <summary>The shell could not open a reserved port: the token becomes invalid.</summary>
    public bool TryDrop(RelayPort port, TimeSpan now)
    {
        if (!_byPort.TryGetValue(port.Key, out var token))
        {
            return false;
        }

        state.Wheel.Remove(_byToken[token].Timer);
        Take(token);
        state.Ports[port.AddressIndex].Release(port.Port, now);
        return true;
    }

    private void Free(ulong token, TimeSpan now, List<RelayCommand> commands)
    {
        var reservation = Take(token);
        state.Ports[reservation.Port.AddressIndex].Release(reservation.Port.Port, now);
        commands.Add(new RelayCommand { Kind = RelayCommandKind.ClosePort, Port = reservation.Port });
    }

    private Reservation Take(ulong token)
    {
        _byToken.Remove(token, out var reservation);
        _byPort.Remove(reservation.Port.Key);
        return reservation;
    }

    private readonly record struct Reservation(RelayPort Port, TimeSpan Expires, int Timer);
}
