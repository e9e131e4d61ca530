//! S3 Control's API, version 2018-08-20: what an account keeps from the public in all its buckets. It counts for the next
//! request. Source: S3 API reference, "Actions: Amazon S3 Control".

use std::{fmt::Display, sync::Arc};

use bytes::Bytes;
use serde_json::{Map, Value as Json, json};

use super::World;
use crate::{
    base::{Fault, Need, Operation, condition::Value},
    gateway::{
        backend::{Answer, ApiRequest, OwnApi, OwnOperation, Undescribed},
        caller::Caller,
        kept,
        protocol::s3::{CONTENT_TYPE, CONTROL_NAMESPACE},
        upstream::s3::internal_error,
    },
    mapping::s3::{ControlCall, ControlOp, ControlRefusal, PUBLIC_ACCESS_BLOCK, recognise_control},
    store::PublicAccessBlock,
};

/// The API.
pub fn api(world: Arc<World>) -> Api {
    Api { world }
}

/// S3 Control.
pub struct Api {
    world: Arc<World>,
}

impl OwnApi for Api {
    fn service(&self) -> &'static str {
        "s3"
    }

    fn namespace(&self) -> &'static str {
        CONTROL_NAMESPACE
    }

    fn version(&self) -> &'static str {
        "2018-08-20"
    }

    fn body_bytes_max(&self) -> usize {
        16 * 1024
    }

    fn describe(&self, request: &ApiRequest<'_>, caller: &Caller) -> Result<Box<dyn OwnOperation>, Box<Undescribed>> {
        let call = recognise_control(&request.head, request.body).map_err(|refusal| {
            let ControlRefusal { fault, operation } = *refusal;
            match operation {
                Some((name, read_only)) => Undescribed::known(name, read_only, fault),
                None => Undescribed::unknown(fault),
            }
        })?;
        if caller.principal().account() != Some(call.account) {
            let fault = Fault::new(403, "AccessDenied", "Access Denied").because("the account is not the caller's");
            return Err(Undescribed::known(call.op.event_name(), call.op.is_read_only(), fault));
        }
        let needs = [Need::new(call.op.action(), "*")];
        Ok(Box::new(Described { call, needs, world: self.world.clone() }))
    }
}

/// A call on the caller's own account.
struct Described {
    call: ControlCall,
    needs: [Need; 1],
    world: Arc<World>,
}

impl Operation for Described {
    fn service(&self) -> &'static str {
        "s3"
    }

    fn name(&self) -> &str {
        self.call.op.event_name()
    }

    fn is_read_only(&self) -> bool {
        self.call.op.is_read_only()
    }

    fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// The operations have no keys of their own.
    fn fact(&self, _: usize, _: &str) -> Value<'_> {
        Value::Absent
    }

    /// No operation here is a batch.
    fn refuse_item(&mut self, _: u32, _: &str) {}
}

impl OwnOperation for Described {
    fn run(self: Box<Self>, _: &Caller) -> Result<Answer, Fault> {
        let ControlCall { op, account, block } = self.call;
        let directory = &self.world.directory;
        let body = match op {
            ControlOp::GetPublicAccessBlock => {
                let known = directory.read(|work| work.account(account)).map_err(failed)?;
                let block = known.and_then(|known| known.public_access_block);
                let block = block.ok_or_else(|| kept::no_block().with("AccountId", account.as_str()))?;
                kept::block_document(block, CONTROL_NAMESPACE).into()
            }
            ControlOp::PutPublicAccessBlock | ControlOp::DeletePublicAccessBlock => {
                let block = block.map(PublicAccessBlock::from_members);
                directory.write(|work| work.put_account_public_access_block(account, block)).map_err(failed)?;
                Bytes::new()
            }
        };
        Ok(Answer { body, content_type: CONTENT_TYPE, response_elements: Json::Null })
    }

    fn request_parameters(&self) -> Json {
        let mut shown = json!({ "accountId": self.call.account.as_str() });
        if let (Some(members), Some(block)) = (shown.as_object_mut(), self.call.block) {
            let block: Map<_, _> =
                PUBLIC_ACCESS_BLOCK.iter().zip(block).map(|(name, set)| ((*name).to_owned(), set.into())).collect();
            members.insert("PublicAccessBlockConfiguration".into(), block.into());
        }
        shown
    }
}

fn failed(why: impl Display) -> Fault {
    internal_error().because(why)
}
