namespace MediaRelay.Qos.Policy;

/// <summary>Sub-codes of error 16, policy exception: which rule refused.</summary>
public enum PolicyExceptionCode : ushort
{
    GatesPerSubscriber = 1,
    NewGatesPerMinute = 2,
    RatePerSubscriber = 3,
    ProfileType = 4,
    ApplicationRate = 5,
    TimeOfDay = 6,
    CmtsLoad = 7,
    SubscriberDenied = 8,
}
