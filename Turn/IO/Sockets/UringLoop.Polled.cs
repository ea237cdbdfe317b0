using System.Runtime.InteropServices;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// Busy sockets of the ring: it only tells that something came; the datagrams are read in batches, since a completion for each
/// of them is dearer. The notice comes once per arrival, so a socket stays ready until a read found its end.
/// </summary>
internal sealed unsafe partial class UringLoop
{
    /// <summary>Room that relay sockets leave in each turn for busy ones: control messages are among them.</summary>
    private const int PolledShare = 2 * BatchReceiver.PerCall;

    private const int PollIn = 1;
    private const int PollError = 8;

    private readonly List<Polled> _polled = [];
    private readonly BatchReceiver _receiver = new();
    private int _firstPolled;
    private int _readyPolled;

    private void AddPolled(int descriptor, int token, bool coalesced)
    {
        _polled.Add(new Polled { Descriptor = descriptor, Token = token, Coalesced = coalesced, Generation = ++_generation & 0xFFFFFF });
        ArmPolled(ref CollectionsMarshal.AsSpan(_polled)[^1]);
    }

    /// <summary>Forgets a busy socket; the user data of its poll, or 0 when the token is not one.</summary>
    private ulong RemovePolled(int token)
    {
        for (var i = 0; i < _polled.Count; i++)
        {
            if (_polled[i].Token != token)
                continue;
            var key = _polled[i].Key;
            SetReady(ref CollectionsMarshal.AsSpan(_polled)[i], false);
            _polled.RemoveAt(i);
            _firstPolled = 0;
            return key;
        }

        return 0;
    }

    private bool IsPolled(int descriptor)
    {
        foreach (ref var polled in CollectionsMarshal.AsSpan(_polled))
        {
            if (polled.Descriptor == descriptor)
                return true;
        }

        return false;
    }

    private void ArmPolled(ref Polled polled)
    {
        ArmPoll(polled.Descriptor, polled.Key);

        // What came before the poll was armed may not be told.
        SetReady(ref polled, true);
    }

    private void OnPolled(CompletionEntry* completion)
    {
        foreach (ref var polled in CollectionsMarshal.AsSpan(_polled))
        {
            if (polled.Key != completion->UserData)
                continue;
            SetReady(ref polled, true);
            polled.HasError |= completion->Result > 0 && (completion->Result & PollError) != 0;
            if ((completion->Flags & UringAbi.CompletionMore) == 0)
                ArmPolled(ref polled);
            return;
        }
    }

    /// <summary>Reads ready sockets in turns until each is empty or the budget is spent; the next call goes on behind the last one read.</summary>
    private void ReceivePolled()
    {
        _receiver.Begin();
        var polled = CollectionsMarshal.AsSpan(_polled);
        while (_readyPolled > 0 && ReceivedCount < Budget)
        {
            ref var next = ref polled[_firstPolled];
            _firstPolled = (_firstPolled + 1) % polled.Length;
            if (!next.IsReady)
                continue;
            if (next.HasError)
            {
                next.HasError = false;
                Entries[ReceivedCount++] = new ReceivedDatagram { Token = next.Token, Error = LibC.Eio };
                continue;
            }

            Calls++;
            ReceivedCount += _receiver.Receive(next.Descriptor, next.Token, next.Coalesced, Entries + ReceivedCount, Budget - ReceivedCount, out var asked, out var taken);
            if (asked == 0)
                return;

            // An error that waited at the socket fails one read and is gone with it.
            if (taken < 0 && Marshal.GetLastPInvokeError() is not LibC.Eagain && !next.HasFailed)
            {
                next.HasFailed = true;
                continue;
            }

            next.HasFailed = false;
            SetReady(ref next, taken == asked);
        }
    }

    private void SetReady(ref Polled polled, bool ready)
    {
        if (polled.IsReady == ready)
            return;
        polled.IsReady = ready;
        _readyPolled += ready ? 1 : -1;
    }

    private struct Polled
    {
        public int Descriptor;
        public int Token;
        public uint Generation;
        public bool Coalesced;
        public bool IsReady;
        public bool HasError;
        public bool HasFailed;

        public readonly ulong Key => KindPolled | ((ulong)Generation << 32) | (uint)Token;
    }
}
