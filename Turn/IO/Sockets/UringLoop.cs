using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// <see cref="DatagramLoop"/> over io_uring: every socket has one multishot receive armed, so one system call brings the
/// datagrams of thousands of sockets and sends the answers of the turn before. The few busy ones are polled and read in batches.
/// <para>Must be created and used by one thread (the ring is set up for a single issuer).</para>
/// </summary>
internal sealed unsafe partial class UringLoop : DatagramLoop
{
    private const int KernelRound = 32;
    private const int MoreRounds = 4;

    /// <summary>A turn that brought this many datagrams shows load: the next wait collects that many, or what comes within the time.</summary>
    private const int CollectFrom = 8;
    private const uint CollectAtLeast = 32;
    private const uint CollectMicroseconds = 50;
    private const int SubmissionEntries = 2048;
    private const int CompletionEntries = 8192;
    private const int SmallBuffers = 512;
    private const int TrainBuffers = 512;
    private const int NameReserve = 32;
    private const int ControlReserve = 80;
    private const int PayloadOffset = ReceiveHeader.Size + NameReserve + ControlReserve;
    private const int SmallCapacity = 2048;
    private const ushort SmallGroup = 0;
    private const ushort TrainGroup = 1;

    private const ulong KindReceiveSmall = 1UL << 56;
    private const ulong KindReceiveTrain = 2UL << 56;
    private const ulong KindSend = 3UL << 56;
    private const ulong KindWake = 4UL << 56;
    private const ulong KindIgnore = 5UL << 56;
    private const ulong KindSendAlone = 6UL << 56;
    private const ulong KindPolled = 7UL << 56;
    private const ulong KindMask = 0xFFUL << 56;

    private readonly int _ring;
    private readonly long _enterRing;
    private readonly uint _enterFlags;
    private readonly byte* _ringMemory;
    private readonly nuint _ringBytes;
    private readonly SubmissionEntry* _entries;
    private readonly uint* _submissionTail;
    private readonly uint* _submissionHead;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly CompletionEntry* _completions;
    private readonly uint _submissionMask;
    private readonly uint _completionMask;
    private readonly MessageHeader* _template;
    private readonly BufferRing _small;
    private readonly BufferRing _train;
    private readonly Dictionary<int, Armed> _armed = [];
    private uint _generation;
    private uint _batch;
    private readonly bool _canCollect;
    private int _lastReceived;
    private bool _bytesGone;
    private uint _tail;
    private uint _pending;

    private UringLoop(int ring, UringParameters parameters)
    {
        _ring = ring;
        var submissionBytes = parameters.SubmissionArray + (parameters.SubmissionEntries * 4);
        var completionBytes = parameters.CompletionArray + (parameters.CompletionEntries * (uint)sizeof(CompletionEntry));
        _ringBytes = Math.Max(submissionBytes, completionBytes);
        _ringMemory = (byte*)LibC.Map(null, _ringBytes, 3, 0x8001, ring, UringAbi.SubmissionRingOffset);
        _entries = (SubmissionEntry*)LibC.Map(null, parameters.SubmissionEntries * 64, 3, 0x8001, ring, UringAbi.SubmissionEntriesOffset);
        _submissionHead = (uint*)(_ringMemory + parameters.SubmissionHead);
        _submissionTail = (uint*)(_ringMemory + parameters.SubmissionTail);
        _submissionMask = *(uint*)(_ringMemory + parameters.SubmissionMask);
        _completionHead = (uint*)(_ringMemory + parameters.CompletionHead);
        _completionTail = (uint*)(_ringMemory + parameters.CompletionTail);
        _completionMask = *(uint*)(_ringMemory + parameters.CompletionMask);
        _completions = (CompletionEntry*)(_ringMemory + parameters.CompletionArray);
        var array = (uint*)(_ringMemory + parameters.SubmissionArray);
        for (uint i = 0; i < parameters.SubmissionEntries; i++)
            array[i] = i;
        _tail = *_submissionTail;
        _canCollect = (parameters.Features & UringAbi.FeatureMinimumWait) != 0;

        _small = new BufferRing(SmallBuffers, SmallCapacity + PayloadOffset);
        _train = new BufferRing(TrainBuffers, TrainCapacity + PayloadOffset);
        RegisterBuffers(_small, SmallGroup);
        RegisterBuffers(_train, TrainGroup);
        (_enterRing, _enterFlags) = RegisterRing(ring);
        _template = (MessageHeader*)NativeMemory.AllocZeroed((nuint)sizeof(MessageHeader));
        _template->NameLength = NameReserve;
        _template->ControlLength = ControlReserve;
        ArmWake();
    }

    public override string Mechanism => "io_uring";

    /// <summary>Sets a ring up for the calling thread; fails with the error number where io_uring is forbidden or too old.</summary>
    public static bool TryCreate([NotNullWhen(true)] out UringLoop? loop, out int error)
    {
        loop = null;
        var parameters = new UringParameters
        {
            CompletionEntries = CompletionEntries,
            Flags = UringAbi.SetupCompletionSize | UringAbi.SetupClamp | UringAbi.SetupSubmitAll
                | UringAbi.SetupCoopTaskRun | UringAbi.SetupSingleIssuer | UringAbi.SetupDeferTaskRun,
        };
        var ring = (int)LibC.RingSetup(UringAbi.SetupCall, SubmissionEntries, &parameters);
        if (ring < 0)
        {
            error = Marshal.GetLastPInvokeError();
            return false;
        }

        try
        {
            loop = new UringLoop(ring, parameters);
            error = 0;
            return true;
        }
        catch (PlatformNotSupportedException)
        {
            _ = LibC.Close(ring);
            error = LibC.Einval;
            return false;
        }
    }

    public override void Add(int descriptor, int token, bool coalesced, bool isBusy = false)
    {
        if (isBusy)
        {
            AddPolled(descriptor, token, coalesced);
            return;
        }

        var armed = new Armed(descriptor, coalesced, ++_generation & 0xFFFFFF);
        _armed[token] = armed;
        Arm(token, armed);
    }

    public override void Remove(int descriptor, int token)
    {
        // The armed receive holds the socket open, so it is cancelled before the descriptor is closed; both run in order.
        var key = _armed.Remove(token, out var armed) ? UserData(token, armed) : RemovePolled(token);
        if (key != 0)
        {
            var cancel = NextEntry();
            cancel->Operation = UringAbi.OperationAsyncCancel;
            cancel->Descriptor = -1;
            cancel->Address = (void*)key;
            cancel->UserData = KindIgnore;
        }

        var close = NextEntry();
        close->Operation = UringAbi.OperationClose;
        close->Descriptor = descriptor;
        close->Flags = UringAbi.EntrySkipSuccess;
        close->UserData = KindIgnore;
    }

    public override void Wait(TimeSpan timeout)
    {
        QueueSends();
        var available = _readyPolled > 0 || *_completionHead != Volatile.Read(ref *_completionTail);
        if (_small.Taken > SmallBuffers / 2 || _train.Taken > TrainBuffers / 2)
        {
            // Receiving needs buffers, and those of the last turn are free only once its sends have run.
            Submit();
            Recycle();
            _bytesGone = true;
        }

        if (available || timeout <= TimeSpan.Zero)
        {
            Enter(0, default);
        }
        else
        {
            // Under load a thread that is woken for each datagram pays a context switch for each, and trains stay short.
            var collects = _canCollect && _lastReceived >= CollectFrom;
            Enter(collects ? CollectAtLeast : 1, timeout, collects ? CollectMicroseconds : 0);
        }

        // The kernel stops after 32 datagrams of a socket. When that many came there are probably more, and a larger turn makes
        // longer trains and fewer wake-ups; an idle or lightly loaded loop never gets here.
        for (var more = 1; more <= MoreRounds && Waiting >= (uint)(KernelRound * more); more++)
            Enter(0, default);

        Recycle();
        ReceivedCount = 0;
        Harvest(Budget - (_polled.Count == 0 ? 0 : PolledShare));
        if (_readyPolled > 0)
        {
            // From here on the bytes of sends that failed may be gone.
            _bytesGone = true;
            ReceivePolled();
        }

        Harvest(Budget);
        _lastReceived = ReceivedCount;
        EndBatch();
    }

    public override void Flush()
    {
        QueueSends();
        Submit();
        EndBatch();
    }

    protected override void Dispose(bool disposing)
    {
        _ = LibC.Close(_ring);
        _ = LibC.Unmap(_ringMemory, _ringBytes);
        _ = LibC.Unmap(_entries, (_submissionMask + 1) * 64);
        _small.Dispose();
        _train.Dispose();
        NativeMemory.Free(_template);
        _receiver.Dispose();
        base.Dispose(disposing);
    }

    private uint Waiting => Volatile.Read(ref *_completionTail) - *_completionHead;

    private static ulong UserData(int token, Armed armed) =>
        (armed.Coalesced ? KindReceiveTrain : KindReceiveSmall) | ((ulong)armed.Generation << 32) | (uint)token;

    private void RegisterBuffers(BufferRing buffers, ushort group)
    {
        var registration = new BufferRingRegistration { Ring = buffers.Ring, Entries = (uint)buffers.Entries, Group = group };
        if (LibC.RingRegister(UringAbi.RegisterCall, _ring, UringAbi.RegisterBufferRing, &registration, 1) < 0)
            throw new PlatformNotSupportedException($"This kernel has no io_uring buffer rings (error {Marshal.GetLastPInvokeError()}).");
    }

    private static (long Ring, uint Flags) RegisterRing(int ring)
    {
        var update = new RingUpdate { Offset = uint.MaxValue, Data = (ulong)ring };
        return LibC.RingRegister(UringAbi.RegisterCall, ring, UringAbi.RegisterRingDescriptors, &update, 1) == 1
            ? (update.Offset, UringAbi.EnterRegisteredRing)
            : (ring, 0);
    }

    private void ArmWake() => ArmPoll(WakeDescriptor, KindWake);

    private void ArmPoll(int descriptor, ulong key)
    {
        var entry = NextEntry();
        entry->Operation = UringAbi.OperationPollAdd;
        entry->Descriptor = descriptor;
        entry->OperationFlags = PollIn;
        entry->Length = UringAbi.PollAddMulti;
        entry->UserData = key;
    }

    private void Arm(int token, Armed armed)
    {
        var entry = NextEntry();
        entry->Operation = UringAbi.OperationReceiveMessage;
        entry->Flags = UringAbi.EntryBufferSelect;
        entry->Priority = UringAbi.ReceiveMultishot | UringAbi.ReceivePollFirst;
        entry->Descriptor = armed.Descriptor;
        entry->Address = _template;
        entry->Length = 1;
        entry->BufferGroup = armed.Coalesced ? TrainGroup : SmallGroup;
        entry->UserData = UserData(token, armed);
    }

    private SubmissionEntry* NextEntry()
    {
        if (_tail - Volatile.Read(ref *_submissionHead) > _submissionMask)
            Submit();
        var entry = _entries + (_tail & _submissionMask);
        *entry = default;
        _tail++;
        _pending++;
        return entry;
    }

    private void QueueSends()
    {
        for (var i = 0; i < Outgoing.Count; i++)
        {
            if (IsPolled(Outgoing.DescriptorOf(i)))
            {
                i = SendRun(i) - 1;
                continue;
            }

            if (!Outgoing.IsPlain(i, out var name, out var nameLength))
            {
                var entry = NextSend(i, KindSend, i);
                entry->Operation = UringAbi.OperationSendMessage;
                entry->Address = &Outgoing.Prepare(i)->Header;
                entry->Length = 1;
                continue;
            }

            for (var segment = Outgoing.FirstOf(i); segment >= 0; segment = Outgoing.NextOf(segment))
            {
                var entry = NextSend(i, KindSendAlone, segment);
                entry->Operation = UringAbi.OperationSend;
                entry->Address = Outgoing.Plain(segment, out var length);
                entry->Length = (uint)length;
                entry->SecondAddress = name;
                entry->AddressLength = (ushort)nameLength;
            }
        }
    }

    private SubmissionEntry* NextSend(int message, ulong kind, int index)
    {
        var entry = NextEntry();
        entry->Descriptor = Outgoing.DescriptorOf(message);
        entry->Flags = UringAbi.EntrySkipSuccess;
        entry->OperationFlags = LibC.MessageDontWait | LibC.MessageNoSignal;
        entry->UserData = kind | ((ulong)(_batch & 0xFFFFFF) << 32) | (uint)index;
        return entry;
    }

    private void Submit()
    {
        while (_pending > 0)
        {
            Volatile.Write(ref *_submissionTail, _tail);
            Calls++;
            var done = LibC.RingEnter(UringAbi.EnterCall, _enterRing, _pending, 0, _enterFlags, null, 0);
            if (done < 0)
            {
                if (Marshal.GetLastPInvokeError() is LibC.Eintr or LibC.Eagain)
                    continue;
                throw new InvalidOperationException($"io_uring_enter failed with error {Marshal.GetLastPInvokeError()}.");
            }

            _pending -= (uint)done;
        }
    }

    private void Enter(uint complete, TimeSpan timeout, uint collectMicroseconds = 0)
    {
        Volatile.Write(ref *_submissionTail, _tail);
        var time = KernelTime.From(timeout);
        var wait = new UringWait { Timeout = &time, MinimumWaitMicroseconds = collectMicroseconds };
        Calls++;
        var done = complete == 0
            ? LibC.RingEnter(UringAbi.EnterCall, _enterRing, _pending, 0, _enterFlags | UringAbi.EnterGetEvents, null, 0)
            : LibC.RingEnter(UringAbi.EnterCall, _enterRing, _pending, complete, _enterFlags | UringAbi.EnterGetEvents | UringAbi.EnterExtendedArgument, &wait, (nuint)sizeof(UringWait));
        if (done >= 0)
        {
            _pending -= (uint)done;
            if (_pending > 0)
                Submit();
            return;
        }

        // A time-out or signal is reported only when nothing was submitted.
        switch (Marshal.GetLastPInvokeError())
        {
            case LibC.Etime or LibC.Eintr or LibC.Eagain:
                Submit();
                return;
            case var error:
                throw new InvalidOperationException($"io_uring_enter failed with error {error}.");
        }
    }

    private void Recycle()
    {
        for (var i = 0; i < ReceivedCount; i++)
        {
            ref var entry = ref Entries[i];
            if (entry.Error != 0 || entry.Buffer == ReceivedDatagram.BatchBuffer)
                continue;
            if ((entry.Buffer & 0x8000) != 0)
                Return(_train, (ushort)(entry.Buffer & 0x7FFF));
            else
                Return(_small, entry.Buffer);
        }

        ReceivedCount = 0;
        _small.Publish();
        _train.Publish();
    }

    private static void Return(BufferRing buffers, ushort id)
    {
        buffers.Give(id);
        buffers.Taken--;
    }

    private void Harvest(int most)
    {
        var head = *_completionHead;
        var tail = Volatile.Read(ref *_completionTail);
        while (head != tail && ReceivedCount < most)
        {
            var completion = _completions + (head & _completionMask);
            head++;
            switch (completion->UserData & KindMask)
            {
                case KindReceiveSmall or KindReceiveTrain:
                    OnReceived(completion);
                    break;
                case KindSend or KindSendAlone:
                    OnSendFailed(completion);
                    break;
                case KindPolled:
                    OnPolled(completion);
                    break;
                case KindWake:
                    DrainWake();
                    if ((completion->Flags & UringAbi.CompletionMore) == 0)
                        ArmWake();
                    break;
            }
        }

        Volatile.Write(ref *_completionHead, head);
    }

    private void EndBatch()
    {
        Outgoing.Clear();
        _batch++;
        _bytesGone = false;
    }

    private void OnSendFailed(CompletionEntry* completion)
    {
        // The bytes are still there only for the batch just sent, and only when its buffers did not go back to the kernel early.
        if (_bytesGone || ((completion->UserData >> 32) & 0xFFFFFF) != (_batch & 0xFFFFFF))
            SendFailures++;
        else if ((completion->UserData & KindMask) == KindSendAlone)
            RetryAlone((int)(uint)completion->UserData, -completion->Result);
        else
            Retry((int)(uint)completion->UserData, -completion->Result);
    }

    private void OnReceived(CompletionEntry* completion)
    {
        var token = (int)(uint)completion->UserData;
        var coalesced = (completion->UserData & KindMask) == KindReceiveTrain;
        var buffers = coalesced ? _train : _small;
        ref var armed = ref CollectionsMarshal.GetValueRefOrNullRef(_armed, token);
        var known = !Unsafe.IsNullRef(ref armed) && UserData(token, armed) == completion->UserData;
        if (known && (completion->Flags & UringAbi.CompletionMore) == 0)
            Arm(token, armed);

        ref var entry = ref Entries[ReceivedCount];
        if (completion->Result < 0)
        {
            if (-completion->Result == LibC.Enobufs)
                Shortages++;
            if (!known || -completion->Result is LibC.Enobufs or LibC.Ecanceled)
                return;
            entry = new ReceivedDatagram { Token = token, Error = -completion->Result };
            ReceivedCount++;
            return;
        }

        if ((completion->Flags & UringAbi.CompletionBuffer) == 0)
            return;
        var id = (ushort)(completion->Flags >> 16);
        var memory = buffers[id];
        var header = (ReceiveHeader*)memory;
        buffers.Taken++;
        if (!known || (header->Flags & LibC.MessageTruncated) != 0)
        {
            Return(buffers, id);
            buffers.Publish();
            return;
        }

        entry.Token = token;
        entry.Error = 0;
        entry.Payload = memory + PayloadOffset;
        entry.Length = (int)header->PayloadLength;
        entry.SegmentSize = entry.Length;
        entry.Name = memory + ReceiveHeader.Size;
        entry.TrafficClass = 0;
        entry.Dropped = 0;
        entry.Buffer = coalesced ? (ushort)(id | 0x8000) : id;
        if (header->ControlLength > 0)
            ReadControl(memory + ReceiveHeader.Size + NameReserve, header->ControlLength, ref entry);
        ReceivedCount++;
    }

    private readonly record struct Armed(int Descriptor, bool Coalesced, uint Generation);
}
