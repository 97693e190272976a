using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Staithe.Oci;

namespace Staithe.Storage;

/// <summary>
/// The hash of an upload while it comes in. Its state can be written down between two requests and taken up again, perhaps by another
/// process; where that cannot be done (a libcrypto without these calls, another platform), the state is null and the bytes are read again.
/// The written form is the same for every build: the chaining words and the count of bytes, big-endian, then one block of pending bytes,
/// zero behind them. 104 bytes for sha256, 208 for sha512.
/// </summary>
internal abstract class ContentHash : IDisposable
{
    const int FileBufferBytes = 256 * 1024;

    static readonly Lazy<bool> LibcryptoWorks = new(TestLibcrypto);

    /// <summary>The bytes hashed so far.</summary>
    public long Length { get; private set; }

    public static ContentHash Create(DigestAlgorithm algorithm) => !LibcryptoWorks.Value
        ? new PlatformHash(algorithm)
        : CreateLibcrypto(algorithm);

    /// <summary>Takes up a state that <see cref="Export"/> wrote; null when it cannot, and the bytes have to be read again.</summary>
    public static ContentHash? Import(DigestAlgorithm algorithm, byte[]? state, long length)
    {
        if (state is null || !LibcryptoWorks.Value)
            return null;
        var hash = CreateLibcrypto(algorithm);
        if (hash.TryRestore(state) && hash.Length == length)
            return hash;
        hash.Dispose();
        return null;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Update(bytes);
        Length += bytes.Length;
    }

    /// <summary>Goes on through a file, from the place this hash has reached to <paramref name="end"/> or the file's end.</summary>
    public async Task AppendFileAsync(SafeFileHandle file, long end, CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FileBufferBytes);
        try
        {
            int read;
            do
            {
                read = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - Length)), Length, cancel);
                Append(buffer.AsSpan(0, read));
            }
            while (read > 0);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The state as bytes, or null.</summary>
    public abstract byte[]? Export();

    /// <summary>The digest of all bytes; nothing may be appended after.</summary>
    public abstract Digest Finish();

    public abstract void Dispose();

    protected abstract void Update(ReadOnlySpan<byte> bytes);

    protected virtual bool TryRestore(byte[] state) => false;

    static ContentHash CreateLibcrypto(DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Sha256 ? new Sha256Hash() : new Sha512Hash();

    // These calls are deprecated since OpenSSL 3.0: trust them only as far as they agree with the platform, across a hand-over too.
    static bool TestLibcrypto()
    {
        try
        {
            var content = new byte[1000];
            for (var i = 0; i < content.Length; i++)
                content[i] = (byte)(i * 7);
            foreach (var algorithm in new[] { DigestAlgorithm.Sha256, DigestAlgorithm.Sha512 })
            {
                using var first = CreateLibcrypto(algorithm);
                first.Append(content.AsSpan(0, 333));
                using var second = CreateLibcrypto(algorithm);
                if (!second.TryRestore(first.Export()!))
                    return false;
                second.Append(content.AsSpan(333));
                if (second.Finish() != algorithm.Digest(content))
                    return false;
            }
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return false;
        }
    }

    sealed class PlatformHash(DigestAlgorithm algorithm) : ContentHash
    {
        readonly IncrementalHash hash = IncrementalHash.CreateHash(algorithm.HashName);

        public override byte[]? Export() => null;

        public override Digest Finish() => Digest.FromHash(algorithm, hash.GetHashAndReset());

        public override void Dispose() => hash.Dispose();

        protected override void Update(ReadOnlySpan<byte> bytes) => hash.AppendData(bytes);
    }

    sealed unsafe class Sha256Hash : ContentHash
    {
        const int StateBytes = 104;
        Libcrypto.Sha256Context* context;

        public Sha256Hash()
        {
            context = (Libcrypto.Sha256Context*)NativeMemory.AllocZeroed((nuint)sizeof(Libcrypto.Sha256Context));
            Libcrypto.Check(Libcrypto.SHA256_Init(context));
        }

        ~Sha256Hash() => NativeMemory.Free(context);

        public override byte[] Export()
        {
            var state = new byte[StateBytes];
            for (var i = 0; i < 8; i++)
                BinaryPrimitives.WriteUInt32BigEndian(state.AsSpan(i * 4), context->Words[i]);
            BinaryPrimitives.WriteInt64BigEndian(state.AsSpan(32), Length);
            new ReadOnlySpan<byte>(context->Pending, (int)(Length % 64)).CopyTo(state.AsSpan(40));
            return state;
        }

        public override Digest Finish()
        {
            Span<byte> hash = stackalloc byte[32];
            fixed (byte* target = hash)
                Libcrypto.Check(Libcrypto.SHA256_Final(target, context));
            return Digest.FromHash(DigestAlgorithm.Sha256, hash);
        }

        public override void Dispose()
        {
            NativeMemory.Free(context);
            context = null;
            GC.SuppressFinalize(this);
        }

        protected override void Update(ReadOnlySpan<byte> bytes)
        {
            fixed (byte* source = bytes)
                Libcrypto.Check(Libcrypto.SHA256_Update(context, source, (nuint)bytes.Length));
        }

        protected override bool TryRestore(byte[] state)
        {
            if (state.Length != StateBytes)
                return false;
            for (var i = 0; i < 8; i++)
                context->Words[i] = BinaryPrimitives.ReadUInt32BigEndian(state.AsSpan(i * 4));
            Length = BinaryPrimitives.ReadInt64BigEndian(state.AsSpan(32));
            var bits = (ulong)Length * 8;
            (context->BitsLow, context->BitsHigh) = ((uint)bits, (uint)(bits >> 32));
            context->PendingBytes = (uint)(Length % 64);
            state.AsSpan(40).CopyTo(new Span<byte>(context->Pending, 64));
            return true;
        }
    }

    sealed unsafe class Sha512Hash : ContentHash
    {
        const int StateBytes = 208;
        Libcrypto.Sha512Context* context;

        public Sha512Hash()
        {
            context = (Libcrypto.Sha512Context*)NativeMemory.AllocZeroed((nuint)sizeof(Libcrypto.Sha512Context));
            Libcrypto.Check(Libcrypto.SHA512_Init(context));
        }

        ~Sha512Hash() => NativeMemory.Free(context);

        public override byte[] Export()
        {
            var state = new byte[StateBytes];
            for (var i = 0; i < 8; i++)
                BinaryPrimitives.WriteUInt64BigEndian(state.AsSpan(i * 8), context->Words[i]);
            BinaryPrimitives.WriteInt64BigEndian(state.AsSpan(72), Length);
            new ReadOnlySpan<byte>(context->Pending, (int)(Length % 128)).CopyTo(state.AsSpan(80));
            return state;
        }

        public override Digest Finish()
        {
            Span<byte> hash = stackalloc byte[64];
            fixed (byte* target = hash)
                Libcrypto.Check(Libcrypto.SHA512_Final(target, context));
            return Digest.FromHash(DigestAlgorithm.Sha512, hash);
        }

        public override void Dispose()
        {
            NativeMemory.Free(context);
            context = null;
            GC.SuppressFinalize(this);
        }

        protected override void Update(ReadOnlySpan<byte> bytes)
        {
            fixed (byte* source = bytes)
                Libcrypto.Check(Libcrypto.SHA512_Update(context, source, (nuint)bytes.Length));
        }

        protected override bool TryRestore(byte[] state)
        {
            if (state.Length != StateBytes)
                return false;
            for (var i = 0; i < 8; i++)
                context->Words[i] = BinaryPrimitives.ReadUInt64BigEndian(state.AsSpan(i * 8));
            Length = BinaryPrimitives.ReadInt64BigEndian(state.AsSpan(72));
            (context->BitsLow, context->BitsHigh) = ((ulong)Length << 3, (ulong)Length >> 61);
            context->PendingBytes = (uint)(Length % 128);
            state.AsSpan(80).CopyTo(new Span<byte>(context->Pending, 128));
            return true;
        }
    }
}
