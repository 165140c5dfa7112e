using System.Runtime.CompilerServices;
using Tidemark.Primitives;

namespace Tidemark.Records.Validation;

/// <summary>What is checked of each record, and what is remembered of all of them. The path without errors allocates nothing.</summary>
internal ref struct RecordChecks
{
    private readonly long _baseTimestamp;
    private readonly long _batchTimestamp;
    private readonly bool _batchSaysAppendTime;
    private readonly bool _checksTime;
    private readonly bool _checksKey;
    private readonly long _earliest;
    private readonly long _latest;
    private int _index;
    private bool _looksAtEach;
    private bool _timeIsWrong;
    private List<RecordError>? _errors;

    public RecordChecks(scoped in RecordBatchHeader header, BatchRules rules, long nowMs)
    {
        _baseTimestamp = header.BaseTimestamp;
        _batchTimestamp = header.MaxTimestamp;
        _batchSaysAppendTime = header.TimestampType == TimestampType.LogAppendTime;
        _checksTime = rules.TimestampType == TimestampType.CreateTime;
        _checksKey = rules.IsCompacted;
        Invariant.Require(nowMs >= 0);
        Invariant.Require(rules.TimestampBeforeMsMax >= 0);
        Invariant.Require(rules.TimestampAfterMsMax >= 0);
        _earliest = nowMs - rules.TimestampBeforeMsMax;
        _latest = rules.TimestampAfterMsMax > long.MaxValue - nowMs ? long.MaxValue : nowMs + rules.TimestampAfterMsMax;
        _looksAtEach = _batchSaysAppendTime;
        OffsetsAreDense = true;
        MaxTimestamp = RecordBatchHeader.NoTimestamp;
    }

    public long MaxTimestamp { readonly get; private set; }

    public int IndexOfMaxTimestamp { readonly get; private set; }

    public bool OffsetsAreDense { readonly get; private set; }

    /// <summary>
    /// Checks the records at the beginning of the bytes, as far as they are usual ones and nothing is wrong with them; answers how many these
    /// are and counts their bytes. The next one, if any, is to be checked by itself.
    /// </summary>
    public int CheckRun(ReadOnlySpan<byte> bytes, int countMax, out int length)
    {
        length = 0;
        if (_looksAtEach)
        {
            return 0;
        }

        var run = RecordRun.Walk(bytes, countMax, _index, _baseTimestamp, MaxTimestamp);
        if (run.Count == 0
            || (_checksKey && !run.AllHaveKeys)
            || (_checksTime && (run.EarliestTimestamp < _earliest || run.MaxTimestamp > _latest)))
        {
            // Nothing usual here, or one is wrong. Which one is found by the look at each, without another run that would find it again.
            _looksAtEach = run.Count > 0;
            return 0;
        }

        OffsetsAreDense &= run.OffsetsAreDense;
        if (run.IndexOfMaxTimestamp >= 0)
        {
            (MaxTimestamp, IndexOfMaxTimestamp) = (run.MaxTimestamp, run.IndexOfMaxTimestamp);
        }

        _index += run.Count;
        length = run.Bytes;
        return run.Count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Check(scoped in RecordShape shape)
    {
        long timestamp = _batchSaysAppendTime ? _batchTimestamp : _baseTimestamp + shape.TimestampDelta;
        if (shape.OffsetDelta != _index)
        {
            OffsetsAreDense = false;
        }

        if ((_checksKey && !shape.HasKey) || (_checksTime && (timestamp < _earliest || timestamp > _latest)) || _batchSaysAppendTime)
        {
            Find(shape.HasKey, timestamp);
        }

        if (timestamp > MaxTimestamp)
        {
            MaxTimestamp = timestamp;
            IndexOfMaxTimestamp = _index;
        }

        _index++;
    }

    /// <summary>The refusal for the records that were found wrong; null when there are none.</summary>
    public readonly BatchValidation? Refusal()
    {
        if (_errors is null)
        {
            return null;
        }

        return _timeIsWrong
            ? BatchValidation.Refuse(ErrorCode.InvalidTimestamp, $"{_errors.Count} records have a wrong timestamp; the first is {_errors[0].BatchIndex}: {_errors[0].Message}", true, _errors)
            : BatchValidation.Refuse(ErrorCode.InvalidRecord, $"{_errors.Count} records are invalid; the first is {_errors[0].BatchIndex}: {_errors[0].Message}", true, _errors);
    }

    private void Find(bool hasKey, long timestamp)
    {
        if (_checksKey && !hasKey)
        {
            Add("a compacted topic takes no record without a key");
        }
        else if (_checksTime && timestamp != RecordBatchHeader.NoTimestamp)
        {
            if (timestamp < _earliest || timestamp > _latest)
            {
                _timeIsWrong = true;
                Add($"the timestamp {timestamp} is outside of {_earliest} to {_latest}, which the topic's limits allow now");
            }
        }
        else if (_batchSaysAppendTime)
        {
            _timeIsWrong = true;
            Add("the batch says that the broker set its timestamps (LogAppendTime), which a producer may not say");
        }
    }

    private void Add(string message)
    {
        _errors ??= [];
        if (_errors.Count < BatchValidator.RecordErrorsMax)
        {
            _errors.Add(new RecordError(_index, message));
        }
    }
}
